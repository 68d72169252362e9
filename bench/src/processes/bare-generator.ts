import { encodeEvent } from '@arb/shared/contracts';
import { connect } from '@nats-io/transport-node';
import { pooledBooks } from '../books.ts';
import type { Said, Say } from './generator.ts';
import { type Latencies, LatencyWatch } from './latencies.ts';
import { pace } from './pace.ts';
import { fail, serve, settings } from './serve.ts';

export interface BareGeneratorSettings {
  readonly nats: string;
  /** The first hop is measured by itself too. */
  readonly firstHop: boolean;
}

export interface BareSaid extends Said {
  /** From a book to its l2; null where it is not listened to. */
  readonly firstHop: Latencies | null;
}

const { nats, firstHop } = settings<BareGeneratorSettings>();
const watch = new LatencyWatch();
/** The book's number is the epoch of its l2. */
const first = firstHop ? new LatencyWatch('"epoch":') : null;
const sender = await connect({ servers: nats });
const listener = await connect({ servers: nats });
let total = 0;
listener.subscribe('order.>', {
  callback: (error, message) => {
    const now = performance.now();
    if (error !== null) fail(error);
    watch.answer(now, message.string());
  },
});
if (first !== null)
  listener.subscribe('l2.>', {
    callback: (error, message) => {
      const now = performance.now();
      if (error !== null) fail(error);
      first.answer(now, message.string());
    },
  });
await listener.flush();

serve(
  {
    async say({ rate, seconds, levels }: Say): Promise<BareSaid> {
      const books = pooledBooks(levels);
      watch.begin(total + 1, Math.round(rate * seconds));
      first?.begin(total + 1, Math.round(rate * seconds));
      const paced = await pace({ rate, seconds }, () => {
        const sequence = ++total;
        const at = Date.now() * 1_000;
        const data = books.next(sequence, at);
        watch.sent(sequence);
        first?.sent(sequence);
        const header = { n: sequence, source: 'market-data/0123456789', session: 'bare', type: 'book', v: 1, at, cause: null } as const;
        sender.publish(`book.${data.venue}.${data.symbol}`, encodeEvent(header, data));
        return true;
      });
      await watch.all(paced.sent);
      return { ...paced, ...watch.result(), firstHop: first?.result() ?? null, total };
    },
  },
  async () => {
    await listener.close();
    await sender.close();
  },
);
