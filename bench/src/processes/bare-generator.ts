import { encodeEvent } from '@arb/shared/contracts';
import { connect } from '@nats-io/transport-node';
import { pooledBooks } from '../books.ts';
import type { Said, Say } from './generator.ts';
import { LatencyWatch } from './latencies.ts';
import { pace } from './pace.ts';
import { fail, serve, settings } from './serve.ts';

const { nats } = settings<{ readonly nats: string }>();
const watch = new LatencyWatch();
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
await listener.flush();

serve(
  {
    async say({ rate, seconds, levels }: Say): Promise<Said> {
      const books = pooledBooks(levels);
      watch.begin(total + 1, Math.round(rate * seconds));
      const paced = await pace({ rate, seconds }, () => {
        const sequence = ++total;
        const at = Date.now() * 1_000;
        const data = books.next(sequence, at);
        watch.sent(sequence);
        const header = { n: sequence, source: 'market-data/0123456789', session: 'bare', type: 'book', v: 1, at, cause: null } as const;
        sender.publish(`book.${data.venue}.${data.symbol}`, encodeEvent(header, data));
        return true;
      });
      await watch.all(paced.sent);
      return { ...paced, ...watch.result(), total };
    },
  },
  async () => {
    await listener.close();
    await sender.close();
  },
);
