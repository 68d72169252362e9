import { performance } from 'node:perf_hooks';
import { createInbox, type Msg, type NatsConnection, nuid, type Subscription } from '@nats-io/transport-node';
import type { ServiceName } from '../contracts/index.ts';
import type { OnMessage, Reading } from '../runtime/ports.ts';
import { type Ack, parseAck } from './ack.ts';
import { filterOf, plainOf } from './address.ts';
import { forgetConsumer, makeConsumer, streamState } from './api.ts';

/** What the readings of one connection share. */
export interface Line {
  readonly nc: NatsConnection;
  readonly inboxPrefix: string;
  /** Ends of the readings that are open; called with the reason when the connection is lost. */
  readonly open: Set<(why: string | null) => void>;
}

const HEARTBEAT_MS = 500;
/** 2.5 heartbeats. Counted in ticks, not read from a clock: a process that was blocked misses ticks, and must not blame the server. */
const TICK_MS = HEARTBEAT_MS / 2;
const SILENT_TICKS = 5;
/** A server that has gone silent is not waited for long, only to learn why. */
const REASON_TIMEOUT_MS = 500;
const MOST_RESETS = 5;
const RESET_WINDOW_MS = 30_000;
/** How long the server keeps a consumer whose reader has gone without saying so. */
const INACTIVE_MS = 5_000;
const MS_IN_NS = 1_000_000;
const LETTER_A = 0x41;

/** The client keeps subject and reply as bytes and decodes them anew on each access: the hot path reads the bytes. */
interface RawMsg {
  readonly _msg?: { readonly subject: Uint8Array; readonly reply?: Uint8Array };
}

interface Consumer {
  readonly name: string;
  subscription: Subscription | null;
  sequence: number;
  /** Heartbeats are due once the server has said that it made the consumer. */
  made: boolean;
}

/** An ordered push consumer without acknowledgements, made by hand: see `Link.read` for what it promises. */
export async function read(
  line: Line,
  stream: string,
  from: number,
  service: ServiceName | null,
  onMessage: OnMessage,
  onEnd: (why: string) => void,
): Promise<Reading> {
  const { nc } = line;
  const ack: Ack = { position: 0, sequence: 0, storedAt: 0, pending: 0 };
  const resets: number[] = [];
  let next = Math.max(1, from);
  let consumer: Consumer | null = null;
  let silent = 0;
  let pendingAtFirst = 0;
  const filter = service === null ? null : filterOf(service);
  /** No more messages are taken. */
  let over = false;
  /** Nothing is called any more. */
  let stopped = false;
  /** Calls that came before the caller had its `Reading` in hand. */
  let held: (() => void)[] | null = [];

  const found = await streamState(nc, stream);
  if (found === null) throw new Error(`stream ${stream} should be read from position ${next}, but there is no such stream`);

  /** An exception inside the client's callback would silently end its read loop; it must end the process instead. */
  const surface = (call: () => void): void => {
    try {
      call();
    } catch (error) {
      halt();
      queueMicrotask(() => {
        throw error;
      });
    }
  };

  const drop = (): void => {
    const gone = consumer;
    consumer = null;
    if (gone === null || nc.isClosed()) return;
    gone.subscription?.unsubscribe();
    forgetConsumer(nc, stream, gone.name);
  };

  const halt = (): void => {
    stopped = true;
    over = true;
    clearInterval(watch);
    line.open.delete(close);
    drop();
  };

  const finish = (why: string): void => {
    if (over) return;
    over = true;
    clearInterval(watch);
    line.open.delete(close);
    drop();
    const call = (): void => {
      stopped = true;
      onEnd(why);
    };
    if (held !== null) held.push(call);
    else surface(call);
  };

  const close = (why: string | null): void => {
    if (why === null) halt();
    else finish(why);
  };

  const take = (mine: Consumer, msg: Msg): void => {
    if (consumer !== mine || over) return;
    silent = 0;
    const raw = (msg as unknown as RawMsg)._msg;
    const reply = raw === undefined ? Buffer.from(msg.reply ?? '') : raw.reply;
    // `$JS.ACK…` comes with a message, `$JS.FC…` asks for a sign of life, a heartbeat has no reply at all.
    if (reply === undefined || reply.length < 5 || reply[4] !== LETTER_A) {
      takeStatus(mine, msg);
      return;
    }
    if (!parseAck(reply, ack)) {
      finish(`stream ${stream}: expected a reply subject $JS.ACK… of 9, 11 or 12 words, found ${msg.reply}; is this NATS server too new?`);
      return;
    }
    if (ack.sequence !== mine.sequence + 1) {
      reset();
      return;
    }
    mine.sequence = ack.sequence;
    // Asked to start beyond its end, the server starts at its end.
    if (ack.position < next) return;
    next = ack.position + 1;
    const subject = plainOf(raw !== undefined && Buffer.isBuffer(raw.subject) ? raw.subject.toString() : msg.subject);
    if (held === null) {
      onMessage({ position: ack.position, storedAt: ack.storedAt, subject, bytes: msg.data }, ack.pending);
      return;
    }
    const kept = { position: ack.position, storedAt: ack.storedAt, subject, bytes: Uint8Array.from(msg.data) };
    const pending = ack.pending;
    held.push(() => onMessage(kept, pending));
  };

  const takeStatus = (mine: Consumer, msg: Msg): void => {
    const headers = msg.headers;
    if (headers?.code !== 100) {
      finish(`stream ${stream}: the server ends the reading: ${headers?.code ?? 'no status'} ${headers?.description ?? ''}`.trimEnd());
      return;
    }
    if (msg.reply) {
      nc.publish(msg.reply);
      return;
    }
    const stalled = headers.get('Nats-Consumer-Stalled');
    if (stalled !== '') nc.publish(stalled);
    if (Number(headers.get('Nats-Last-Consumer')) > mine.sequence) reset();
  };

  /** With an inbox of its own: one that was given up may still be made, and would speak between the messages of the next. */
  const offer = () => {
    consumer?.subscription?.unsubscribe();
    const inbox = createInbox(line.inboxPrefix);
    const mine: Consumer = { name: nuid.next(), subscription: null, sequence: 0, made: false };
    consumer = mine;
    mine.subscription = nc.subscribe(inbox, {
      callback: (error, msg) => {
        // An error here is a refused subscription; the link ends for it, and this reading with the link.
        if (error !== null) return;
        surface(() => take(mine, msg));
      },
    });
    const config = {
      deliver_subject: inbox,
      deliver_policy: 'by_start_sequence',
      opt_start_seq: next,
      ...(filter === null ? {} : { filter_subject: filter }),
      ack_policy: 'none',
      replay_policy: 'instant',
      flow_control: true,
      idle_heartbeat: HEARTBEAT_MS * MS_IN_NS,
      inactive_threshold: INACTIVE_MS * MS_IN_NS,
      mem_storage: true,
      num_replicas: 1,
    };
    return { name: mine.name, config };
  };

  const open = async (): Promise<void> => {
    const made = await makeConsumer(nc, stream, offer, () => !over);
    silent = 0;
    pendingAtFirst = made.pending;
    if (consumer?.name === made.name) consumer.made = true;
    // Dropped while the answer was on its way: that may have come before the server knew the consumer.
    else forgetConsumer(nc, stream, made.name);
  };

  /** A message was lost on the way: a new consumer from the next position; what still comes for the old one is dropped. */
  const reset = (): void => {
    drop();
    const now = performance.now();
    while (resets.length > 0 && now - (resets[0] as number) > RESET_WINDOW_MS) resets.shift();
    resets.push(now);
    if (resets.length > MOST_RESETS) {
      finish(`stream ${stream}: messages were lost on the way ${resets.length} times in ${RESET_WINDOW_MS / 1_000} s, at position ${next}`);
      return;
    }
    same()
      .then((fault) => (fault === null ? (over ? undefined : open()) : finish(fault)))
      .catch((error: Error) => finish(`stream ${stream} cannot be read on from position ${next}: ${error.message}`));
  };

  /** Null while the stream is the one that this reading began with. */
  const same = async (timeoutMs?: number): Promise<string | null> => {
    const present = await streamState(nc, stream, timeoutMs);
    if (present === null) return `stream ${stream} was deleted while it was read, at position ${next}`;
    if (present.created !== found.created)
      return `stream ${stream} was deleted while it was read, and another of that name was made at ${present.created}`;
    return null;
  };

  const watch = setInterval(() => {
    if (consumer === null || !consumer.made || ++silent < SILENT_TICKS) return;
    drop();
    const quiet = `stream ${stream}: no heartbeat from the server for ${SILENT_TICKS * TICK_MS} ms, at position ${next}`;
    same(REASON_TIMEOUT_MS)
      .then((fault) => finish(fault ?? quiet))
      .catch((error: Error) => finish(`${quiet}; ${error.message}`));
  }, TICK_MS);

  line.open.add(close);
  try {
    await open();
  } catch (error) {
    halt();
    throw error;
  }
  setImmediate(() => {
    const calls = held ?? [];
    held = null;
    for (const call of calls) if (!stopped) surface(call);
  });
  return { stop: halt, pending: pendingAtFirst };
}
