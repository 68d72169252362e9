import { errors, type NatsConnection } from '@nats-io/transport-node';
import type { StreamInfo } from '../runtime/ports.ts';
import { plainOf } from './address.ts';

/** A refusal by JetStream, with the server's own number for it. */
export class JetStreamError extends Error {
  readonly number: number;
  constructor(message: string, number: number) {
    super(message);
    this.name = 'JetStreamError';
    this.number = number;
  }
}

/** The server's numbers for the refusals that are told apart. */
export const NO_MESSAGE = 10_037;
export const NO_STREAM = 10_059;
export const NAME_IN_USE = 10_058;
/** More copies than one server alone can keep, and more than the cluster has servers for at this moment. */
export const NO_CLUSTER = 10_074;
export const NO_PEERS = 10_005;

const REQUEST_TIMEOUT_MS = 5_000;
const STREAM_NAME = /^[A-Za-z0-9_-]{1,64}$/;

export interface StreamState {
  readonly created: string;
  readonly config: Readonly<Record<string, unknown>> & { readonly subjects?: readonly string[]; readonly max_bytes: number };
  readonly state: { readonly first_seq: number; readonly last_seq: number; readonly bytes: number };
}

/** One request to JetStream's API, `STREAM.INFO.SESSION_x` for instance. */
export async function ask<T>(nc: NatsConnection, what: string, body?: unknown, timeoutMs = REQUEST_TIMEOUT_MS): Promise<T> {
  const bytes = body === undefined ? new Uint8Array(0) : Buffer.from(JSON.stringify(body));
  return (await answered(nc, `$JS.API.${what}`, bytes, what, timeoutMs)) as T;
}

/** Sends, waits for the one answer, and turns everything that is not a good answer into a sentence. */
export async function answered(
  nc: NatsConnection,
  subject: string,
  bytes: Uint8Array,
  what: string,
  timeoutMs = REQUEST_TIMEOUT_MS,
): Promise<unknown> {
  let text: string;
  try {
    text = (await nc.request(subject, bytes, { timeout: timeoutMs })).string();
  } catch (cause) {
    throw new Error(`${what}: ${faultOf(cause, subject, timeoutMs)}`, { cause });
  }
  let answer: { error?: { err_code?: number; description?: string } };
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${what}: expected JSON from the NATS server, found "${text.slice(0, 80)}"`, { cause });
  }
  if (answer.error !== undefined)
    throw new JetStreamError(`${what}: JetStream refuses: ${answer.error.description}`, answer.error.err_code ?? 0);
  return answer;
}

function faultOf(cause: unknown, subject: string, timeoutMs: number): string {
  if (cause instanceof errors.TimeoutError)
    return `no answer from the NATS server within ${timeoutMs} ms; is it overloaded or its disk blocked?`;
  if (cause instanceof errors.NoRespondersError || (cause instanceof errors.RequestError && cause.isNoResponders()))
    return `nobody listens on ${subject}; is there a stream for it, and JetStream running?`;
  // The client wraps it in a plain request error.
  if ([cause, (cause as Error).cause].some((error) => error instanceof errors.PermissionViolationError))
    return `this NATS user may not publish ${subject}; see the permissions in the server's configuration`;
  return cause instanceof Error ? cause.message : String(cause);
}

/** A stream name becomes a word of a subject: whatever could break out of it is refused here. */
export function checkedName(stream: string): string {
  if (!STREAM_NAME.test(stream)) throw new Error(`expected a stream name of letters, digits, _ and -, found "${stream}"`);
  return stream;
}

export async function streamState(nc: NatsConnection, stream: string, timeoutMs?: number): Promise<StreamState | null> {
  try {
    return await ask<StreamState>(nc, `STREAM.INFO.${checkedName(stream)}`, undefined, timeoutMs);
  } catch (error) {
    if (error instanceof JetStreamError && error.number === NO_STREAM) return null;
    throw error;
  }
}

export function infoOf(found: StreamState): StreamInfo {
  return {
    created: found.created,
    firstPosition: found.state.first_seq,
    lastPosition: found.state.last_seq,
    bytes: found.state.bytes,
    maxBytes: found.config.max_bytes,
    subjects: (found.config.subjects ?? []).map(plainOf),
  };
}

/**
 * In a cluster a consumer is given to one server, drawn anew for each that is asked for: to one that has just died too, as long as the others
 * do not know, and then nobody answers. So another one is asked for soon; a slow cluster is given more time with each.
 */
const CLUSTER_WAITS_MS = [500, 500, 1_000, 1_000, 2_000, 2_000, REQUEST_TIMEOUT_MS];

export interface MadeConsumer {
  readonly name: string;
  /** Messages that wait for it. */
  readonly pending: number;
}

/** Makes a consumer of a stream. `offer` gives the name and the configuration of each that is asked for. */
export async function makeConsumer(
  nc: NatsConnection,
  stream: string,
  offer: () => { readonly name: string; readonly config: Readonly<Record<string, unknown>> },
  wanted: () => boolean,
): Promise<MadeConsumer> {
  const waits = nc.info?.cluster === undefined ? [REQUEST_TIMEOUT_MS] : CLUSTER_WAITS_MS;
  for (let tries = 1; ; tries++) {
    const { name, config } = offer();
    try {
      const body = { stream_name: stream, config: { ...config, name } };
      const made = await ask<{ readonly num_pending?: number }>(nc, `CONSUMER.CREATE.${stream}.${name}`, body, waits[tries - 1]);
      return { name, pending: made.num_pending ?? 0 };
    } catch (error) {
      const unanswered = (error as Error).cause instanceof errors.TimeoutError;
      if (!unanswered || tries === waits.length || !wanted() || nc.isClosed()) throw error;
      forgetConsumer(nc, stream, name);
    }
  }
}

/** Without waiting: one that is left over ends by itself, because nobody listens to it or asks it for anything any more. */
export function forgetConsumer(nc: NatsConnection, stream: string, name: string): void {
  ask(nc, `CONSUMER.DELETE.${stream}.${name}`).catch(() => {}); // it ends in any case
}
