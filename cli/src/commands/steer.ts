import { tellStack } from '../alerts/tell-stack.ts';
import { type Command, EXIT_GOOD, JSON_FLAG, UsageError } from '../command.ts';
import { faultOfTarget, tradedNow } from './pause-target.ts';

interface Steering {
  readonly name: string;
  /** The command on the stream, where it is called otherwise there. */
  readonly what?: string;
  readonly says: string;
  readonly target: 'none' | 'optional' | 'needed';
}

/** What a person may tell the running trading: each is an event, and is confirmed once it is in the journal. */
const STEERINGS: readonly Steering[] = [
  { name: 'halt', says: 'no order leaves any more; one that has not left is cancelled', target: 'none' },
  { name: 'reduce-only', says: 'no entries; exits and unwinding go on', target: 'none' },
  { name: 'go-on', says: 'trade again, after a halt, a breaker or a lost session; losses are counted anew', target: 'none' },
  {
    name: 'flatten',
    says: 'close what is open: all of it, a coin, or a route (BTC:binance>upbit); entries go on, but for reduce-only',
    target: 'optional',
  },
  { name: 'pause', says: 'no entries on a coin, a venue or a route', target: 'needed' },
  { name: 'unpause', what: 'resume', says: 'entries again on what was paused, or closed by a breaker or a cooldown', target: 'needed' },
];

function commandOf({ name, what = name, says, target }: Steering): Command {
  return {
    name,
    says,
    words: target === 'none' ? [] : [{ name: 'COIN|VENUE|ROUTE', optional: target === 'optional' }],
    flags: { ...JSON_FLAG, why: { type: 'string', value: 'TEXT', says: 'kept with the command' } },
    async run({ words, flags }, { out }) {
      const [on] = words;
      if (target === 'needed' && on === undefined) throw new UsageError(`arb ${name} needs a coin, a venue or a route, such as BTC`);
      const fault = name === 'pause' && on !== undefined ? faultOfTarget(on, await tradedNow()) : null;
      if (fault !== null) throw new Error(`${fault}; nothing was paused`);
      const why = typeof flags.why === 'string' ? flags.why : 'by the command line';
      const { session, position } = await tellStack(what, { why, ...(on === undefined ? {} : { target: on }) });
      out(
        flags.json === true
          ? JSON.stringify({ session, position })
          : `${name}${on === undefined ? '' : ` ${on}`}: journaled as ${session}:${position}`,
      );
      return EXIT_GOOD;
    },
  };
}

export const STEERING: readonly Command[] = STEERINGS.map(commandOf);
