import { connect, createInbox, type NatsConnection } from '@nats-io/transport-node';
import { decisionOf, l2Of, orderOf, verdictOf } from '../empty/answers.ts';
import { fail, serve, settings } from './serve.ts';

export interface BareHopSettings {
  readonly nats: string;
  readonly service: keyof typeof HOPS;
  /** Read from here as it was stored, or as it was published where there is none. */
  readonly stream: string | null;
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

const { nats, service, stream } = settings<BareHopSettings>();
const hop = HOPS[service];
const connection: NatsConnection = await connect({ servers: nats });
let n = 0;
const subject = stream === null ? hop.reads : createInbox();
connection.subscribe(subject, {
  callback: (error, message) => {
    if (error !== null) fail(error);
    // A consumer's sign of life.
    if (message.data.length === 0) return;
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
if (stream !== null) {
  const name = `bare-${service}`;
  const config = {
    name,
    deliver_subject: subject,
    deliver_policy: 'all',
    ack_policy: 'none',
    filter_subject: hop.reads,
    mem_storage: true,
  };
  const answer = await connection.request(
    `$JS.API.CONSUMER.CREATE.${stream}.${name}`,
    JSON.stringify({ stream_name: stream, config: { ...config, replay_policy: 'instant', num_replicas: 1 } }),
  );
  const { error } = answer.json<{ error?: { description: string } }>();
  if (error !== undefined) throw new Error(`no consumer of ${stream} for ${service}: ${error.description}`);
}
serve({}, () => connection.close());
