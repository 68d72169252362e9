import type { Shell, ShellContext } from '@arb/shared/runtime';
import type { Profile } from '@arb/simulator';
import { connect } from '@nats-io/transport-node';
import { COINS, type MadeBooks, marketBooks, pooledBooks, VENUES } from '../books.ts';
import { Arrivals, type Heard, LINKS } from './arrivals.ts';
import { hostIn, type Place } from './host.ts';
import { type Latencies, LatencyWatch } from './latencies.ts';
import { type Paced, pace } from './pace.ts';
import { fail, serve, settings } from './serve.ts';

export interface GeneratorSettings extends Place {
  /** Answers are listened to here: `order.>` or `verdict.>`; null listens to none. */
  readonly answers: string | null;
  /** Notes when each l2, decision, verdict and order is heard: `arrivals` gives them. */
  readonly links: boolean;
}

export interface Say {
  readonly rate: number;
  readonly seconds: number;
  readonly levels: number;
  /** Books of the moving market, with rates, for cores that think; else the same few thousand over and over. */
  readonly moving: boolean;
  /** A moving market of its own temper, which goes on where it was at the last time. */
  readonly profile?: Profile;
}

export interface Said extends Paced, Latencies {
  /** All books this process has said so far. */
  readonly total: number;
}

const RATE_EVERY_MS = 1_000;

const mine = settings<GeneratorSettings>();
const watch = new LatencyWatch();
let context: ShellContext | null = null;
const arrivals = mine.links ? new Arrivals() : null;
let market: MadeBooks | null = null;
let total = 0;

const shell: Shell = {
  hears: [],
  onEvent() {},
  onLive(now) {
    context = now;
  },
  onLease() {},
  onEnd() {
    context = null;
  },
};
const { host, stop } = hostIn(mine, 'market-data', null, () => shell);
host.start().catch(fail);

const viewer = mine.answers === null && arrivals === null ? null : await connect({ servers: mine.nats });
if (viewer !== null && mine.answers !== null) {
  viewer.subscribe(mine.answers, {
    callback: (error, message) => {
      const now = performance.now();
      if (error !== null) fail(error);
      watch.answer(now, message.string());
    },
  });
}
if (viewer !== null && arrivals !== null)
  for (const root of LINKS)
    viewer.subscribe(`${root}.>`, {
      callback: (error, message) => {
        const now = performance.now();
        if (error !== null) fail(error);
        // What is thrown here would end the connection's reading and nothing else.
        try {
          arrivals.heard(root, message.subject, message.data, now);
        } catch (fault) {
          fail(fault);
        }
      },
    });
await viewer?.flush();

serve(
  {
    status: () => host.status(),
    ready: () => context?.holdsLease() === true,
    arrivals(): Heard {
      if (arrivals === null) throw new Error('expected to be started with `links` to note arrivals, found it off');
      return arrivals.all();
    },
    async say({ rate, seconds, levels, moving, profile }: Say): Promise<Said> {
      const live = context;
      if (live === null || !live.holdsLease()) throw new Error('market-data holds no lease yet');
      if (profile !== undefined) market ??= marketBooks(levels, rate, '1', profile);
      const books = market ?? (moving ? marketBooks(levels, rate) : pooledBooks(levels));
      watch.begin(total + 1, Math.round(rate * seconds));
      let nextRate = 0;
      const paced = await pace({ rate, seconds }, () => {
        if (live.room() < 4) return false;
        const now = performance.now();
        if (now >= nextRate) {
          nextRate = now + RATE_EVERY_MS;
          sayMarket(live, books.rate());
        }
        const sequence = total + 1;
        const at = live.time.wallMicros();
        const data = books.next(sequence, at);
        watch.sent(sequence);
        arrivals?.sent(sequence, performance.now());
        if (!live.say('book', [data.venue, data.symbol], data, { at })) return false;
        total = sequence;
        return true;
      });
      if (mine.answers !== null) await watch.all(paced.sent);
      return { ...paced, ...watch.result(), total };
    },
  },
  async () => {
    await viewer?.close();
    await stop();
  },
);

function sayMarket(live: ShellContext, rate: number): void {
  live.say('fx', ['KRW-USDT'], { pair: 'KRW-USDT', rate, tier: 'single', sources: [] });
  if (total > 0) return;
  live.say('universe', [], { coins: COINS, mode: 'fixed', why: 'measured' });
  for (const { name } of VENUES)
    live.say('health', [name], {
      venue: name,
      state: 'HEALTHY',
      why: 'measured',
      latencyMs: null,
      reconnects: 0,
      conflated: 0,
      suspended: [],
    });
}
