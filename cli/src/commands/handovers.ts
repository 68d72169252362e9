import { ConfigError, configHash, loadConfig, type SessionConfig } from '@arb/shared/config';
import type { Output } from '../command.ts';
import type { Stack } from '../stack/stack.ts';
import { sessionOf } from './live-session.ts';

/** What `arb handover` asks the process that runs the stack for. */
export interface Handovers {
  /** From now on they are made. Settles with a sentence when one has failed. */
  serve(stack: Stack, settings: NodeJS.ProcessEnv, config: SessionConfig, signal: AbortSignal): Promise<string>;
  close(): void;
}

export const HANDOVER_SIGNAL = 'SIGUSR2';

export function watchHandovers(output: Output): Handovers {
  let make: () => void = () => output.say('a handover was asked for before everything was up: ask again');
  const asked = (): void => make();
  process.on(HANDOVER_SIGNAL, asked);
  return {
    serve(stack, settings, first, signal) {
      let config = first;
      let busy = false;
      return new Promise((failed) => {
        make = () => {
          if (busy || signal.aborted) return;
          const next = wanted(settings, config);
          if (typeof next === 'string') {
            output.say(`no handover: ${next}`);
            stack.refuseHandover(next);
            return;
          }
          busy = true;
          config = next;
          output.say('handing over: all services are started anew');
          stack
            .handover(({ postgres }) => sessionOf(postgres, configHash(next), null, signal))
            .then(() => output.say(`handed over: the session is ${stack.session() ?? 'not known'}`))
            .catch((error: Error) => {
              if (!signal.aborted) failed(`the handover failed: ${error.message}`);
            })
            .finally(() => {
              busy = false;
            });
        };
      });
    },
    close() {
      process.off(HANDOVER_SIGNAL, asked);
    },
  };
}

/** The configuration as its files say it now, or why the services cannot go on with it. */
function wanted(settings: NodeJS.ProcessEnv, present: SessionConfig): SessionConfig | string {
  try {
    const { session } = loadConfig({ env: { ...process.env, ...settings } });
    return session.market.source === present.market.source
      ? session
      : `market.source is ${session.market.source} now, and ${present.market.source} is what runs: stop and start instead`;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}
