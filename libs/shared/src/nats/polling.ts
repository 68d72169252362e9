import { createInbox, type Msg, nuid, type Subscription } from '@nats-io/transport-node';
import type { ServiceName } from '../contracts/index.ts';
import type { OnMessage, Reading } from '../runtime/ports.ts';
import { type Ack, parseAck } from './ack.ts';
import { filterOf, plainOf } from './address.ts';
import { ask, streamState } from './api.ts';
import type { Line } from './reading.ts';

/** Most messages of one answer; the next is asked for at once while there are more. */
const BATCH = 2_000;
/** Whoever is not in the way of an order is woken so often, instead of for each message. */
const EVERY_MS = 10;
const ANSWER_MS = 1_250;
const REASON_TIMEOUT_MS = 500;
const INACTIVE_MS = 5_000;
const MS_IN_NS = 1_000_000;
const LETTER_A = 0x41;

interface RawMsg {
  readonly _msg?: { readonly subject: Uint8Array; readonly reply?: Uint8Array };
}

/**
 * Reads a stream by asking, a hundred times a second, for all that there is: see `Link.read` for what it promises. For
 * services that are not on the way from a book to an order; each wake of theirs would hold up one that is.
 */
export async function poll(
  line: Line,
  stream: string,
  from: number,
  service: ServiceName | null,
  onMessage: OnMessage,
  onEnd: (why: string) => void,
): Promise<Reading> {
  const { nc } = line;
  const ack: Ack = { position: 0, sequence: 0, storedAt: 0, pending: 0 };
  const filter = service === null ? null : filterOf(service);
  const name = nuid.next();
  const inbox = createInbox(line.inboxPrefix);
  const asking = Buffer.from(JSON.stringify({ batch: BATCH, no_wait: true }));
  const next = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`;
  let first = Math.max(1, from);
  let sequence = 0;
  let inBatch = 0;
  let over = false;
  let timer: NodeJS.Timeout | null = null;
  let unanswered: NodeJS.Timeout | null = null;
  let subscription: Subscription | null = null;

  const found = await streamState(nc, stream);
  if (found === null) throw new Error(`stream ${stream} should be read from position ${first}, but there is no such stream`);

  const halt = (): void => {
    if (over) return;
    over = true;
    if (timer !== null) clearTimeout(timer);
    if (unanswered !== null) clearTimeout(unanswered);
    line.open.delete(close);
    if (nc.isClosed()) return;
    subscription?.unsubscribe();
    // Best effort: nobody asks it for anything any more, so it ends by itself.
    ask(nc, `CONSUMER.DELETE.${stream}.${name}`).catch(() => {});
  };

  const finish = (why: string): void => {
    if (over) return;
    halt();
    onEnd(why);
  };

  const close = (why: string | null): void => {
    if (why === null) halt();
    else finish(why);
  };

  const request = (): void => {
    timer = null;
    if (over || nc.isClosed()) return;
    inBatch = 0;
    nc.publish(next, asking, { reply: inbox });
    // Until the answer is complete; then it is taken back.
    unanswered ??= setTimeout(silence, ANSWER_MS);
  };

  const answered = (more: boolean): void => {
    if (unanswered !== null) {
      clearTimeout(unanswered);
      unanswered = null;
    }
    if (over || timer !== null) return;
    if (more) request();
    else timer = setTimeout(request, EVERY_MS);
  };

  const silence = (): void => {
    unanswered = null;
    const quiet = `stream ${stream}: no answer from the server for ${ANSWER_MS} ms, at position ${first}`;
    streamState(nc, stream, REASON_TIMEOUT_MS).then(
      (present) => finish(faultOf(present) ?? quiet),
      (error: Error) => finish(`${quiet}; ${error.message}`),
    );
  };

  const faultOf = (present: Awaited<ReturnType<typeof streamState>>): string | null => {
    if (present === null) return `stream ${stream} was deleted while it was read, at position ${first}`;
    if (present.created !== found.created)
      return `stream ${stream} was deleted while it was read, and another of that name was made at ${present.created}`;
    return null;
  };

  const take = (msg: Msg): void => {
    if (over) return;
    const raw = (msg as unknown as RawMsg)._msg;
    const reply = raw === undefined ? Buffer.from(msg.reply ?? '') : raw.reply;
    if (reply === undefined || reply.length < 5 || reply[4] !== LETTER_A) {
      const code = msg.headers?.code;
      // Nothing there, or nothing more: the answer is complete.
      if (code === 404 || code === 408) answered(false);
      else if (code === 503) silence();
      else finish(`stream ${stream}: the server ends the reading: ${code ?? 'no status'} ${msg.headers?.description ?? ''}`.trimEnd());
      return;
    }
    if (!parseAck(reply, ack)) {
      finish(`stream ${stream}: expected a reply subject $JS.ACK… of 9, 11 or 12 words, found ${msg.reply}; is this NATS server too new?`);
      return;
    }
    if (ack.sequence !== sequence + 1) {
      finish(`stream ${stream}: messages were lost on the way, at position ${first}`);
      return;
    }
    sequence = ack.sequence;
    inBatch++;
    const { pending } = ack;
    // Asked to start beyond its end, the server starts at its end.
    if (ack.position >= first) {
      first = ack.position + 1;
      const subject = plainOf(raw !== undefined && Buffer.isBuffer(raw.subject) ? raw.subject.toString() : msg.subject);
      onMessage({ position: ack.position, storedAt: ack.storedAt, subject, bytes: msg.data }, pending);
    }
    if (pending === 0 || inBatch >= BATCH) answered(pending > 0);
  };

  line.open.add(close);
  try {
    subscription = nc.subscribe(inbox, {
      callback: (error, msg) => {
        // An error here is a refused subscription; the link ends for it, and this reading with the link.
        if (error !== null) return;
        try {
          take(msg);
        } catch (failure) {
          // Thrown inside the client's callback it would silently end its read loop; it must end the process instead.
          halt();
          queueMicrotask(() => {
            throw failure;
          });
        }
      },
    });
    const made = await ask<{ readonly num_pending?: number }>(nc, `CONSUMER.CREATE.${stream}.${name}`, {
      stream_name: stream,
      config: {
        name,
        deliver_policy: 'by_start_sequence',
        opt_start_seq: first,
        ...(filter === null ? {} : { filter_subject: filter }),
        ack_policy: 'none',
        replay_policy: 'instant',
        inactive_threshold: INACTIVE_MS * MS_IN_NS,
        mem_storage: true,
        num_replicas: 1,
      },
    });
    // The caller has its `Reading` in hand before the first call.
    timer = setTimeout(request, 0);
    return { stop: halt, pending: made.num_pending ?? 0 };
  } catch (error) {
    halt();
    throw error;
  }
}
