import { connect, type NatsConnection } from '@nats-io/transport-node';
import { decisionOf, l2Of, orderOf, verdictOf } from '../empty/answers.ts';
import { fail, serve, settings } from './serve.ts';

export interface BareHopSettings {
  readonly nats: string;
  readonly service: keyof typeof HOPS;
}

/** What a service of the pipeline reads and how it answers, with the runtime's own envelope around it. */
const HOPS = {
  aggregator: { reads: 'book.>', type: 'l2', answer: l2Of, subject: (data: ReturnType<typeof l2Of>) => `l2.${data.coin}` },
  strategy: {
    reads: 'l2.>',
    type: 'decision',
    answer: decisionOf,
    subject: (data: ReturnType<typeof decisionOf>) => `decision.${data.coin}`,
  },
  risk: {
    reads: 'decision.>',
    type: 'verdict',
    answer: verdictOf,
    subject: (data: ReturnType<typeof verdictOf>) => `verdict.${data.coin}`,
  },
  executor: {
    reads: 'verdict.>',
    type: 'order',
    answer: orderOf,
    subject: (data: ReturnType<typeof orderOf>) => `order.${data.venue}.${data.symbol}`,
  },
} as const;

const { nats, service } = settings<BareHopSettings>();
const hop = HOPS[service];
const connection: NatsConnection = await connect({ servers: nats });
let n = 0;
connection.subscribe(hop.reads, {
  callback: (error, message) => {
    if (error !== null) fail(error);
    const event = message.json<{ n: number; session: string; at: number; data: never }>();
    const data = hop.answer(event.data);
    n++;
    connection.publish(
      hop.subject(data as never),
      JSON.stringify({ n, source: service, session: event.session, type: hop.type, v: 1, at: event.at, cause: event.n, data }),
    );
  },
});
await connection.flush();
serve({}, () => connection.close());
