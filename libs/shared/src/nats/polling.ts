import { createInbox, type Msg, nuid, type Subscription } from '@nats-io/transport-node';
import type { Level, OnMessage, Reading } from '../runtime/ports.ts';
import { type Ack, parseAck } from './ack.ts';
import { plainOf } from './address.ts';
import { forgetConsumer, makeConsumer, streamState } from './api.ts';
import type { Line } from './reading.ts';

/** Most messages of one answer; the next is asked for at once while there are more. */
const BATCH = 2_000;
const ANSWER_MS = 1_250;
const REASON_TIMEOUT_MS = 500;
const INACTIVE_MS = 5_000;
const MS_IN_NS = 1_000_000;
const LETTER_A = 0x41;

export interface PollOptions {
  /** Null reads all. */
  readonly filter: string | null;
  readonly everyMs: number;
  readonly level?: Level;
}

interface RawMsg {
  readonly _msg?: { readonly subject: Uint8Array; readonly reply?: Uint8Array };
}

/**
 * Reads a stream by asking now and then for all that there is: see `Link.read` for what it promises. For what nothing on
 * the way from a book to an order waits for; each wake of its reader would hold up one that is.
 */
export async function poll(
  line: Line,
  stream: string,
  from: number,
  { filter, everyMs, level }: PollOptions,
  onMessage: OnMessage,
  onEnd: (why: string) => void,
): Promise<Reading> {
  const { nc } = line;
  const ack: Ack = { position: 0, sequence: 0, storedAt: 0, pending: 0 };
  let name = '';
  const inbox = createInbox(line.inboxPrefix);
  const asking = Buffer.from(JSON.stringify({ batch: BATCH, no_wait: true }));
  let first = Math.max(1, from);
  let sequence = 0;
  let inBatch = 0;
  /** Counts the questions: an answer names the one that it is for. */
  let asked = 0;
  let marked = 0;
  let markedBefore = 0;
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
    if (name !== '') forgetConsumer(nc, stream, name);
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
    markedBefore = marked;
    marked = level?.mark() ?? 0;
    nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`, asking, { reply: `${inbox}.${++asked}` });
    // Until the answer is complete; then it is taken back.
    unanswered ??= setTimeout(silence, ANSWER_MS);
  };

  const answered = (more: boolean): void => {
    if (unanswered !== null) {
      clearTimeout(unanswered);
      unanswered = null;
    }
    if (over || timer !== null) return;
    if (more) {
      request();
      return;
    }
    timer = setTimeout(request, everyMs);
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
      if (code === 404 || code === 408) {
        const now = code === 404 && timer === null && msg.subject === `${inbox}.${asked}`;
        answered(false);
        // The server stores first and counts a moment later: another consumer may hand over what this one does not know of
        // yet. So the answer is held to be true of what stood there at the question before; on this server, that is.
        if (now) level?.reached(markedBefore);
      } else if (code === 503) silence();
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
    subscription = nc.subscribe(`${inbox}.*`, {
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
    const offer = () => {
      name = nuid.next();
      const config = {
        deliver_policy: 'by_start_sequence',
        opt_start_seq: first,
        ...(filter === null ? {} : { filter_subject: filter }),
        ack_policy: 'none',
        replay_policy: 'instant',
        inactive_threshold: INACTIVE_MS * MS_IN_NS,
        mem_storage: true,
        num_replicas: 1,
      };
      return { name, config };
    };
    const made = await makeConsumer(nc, stream, offer, () => !over);
    // The caller has its `Reading` in hand before the first call.
    timer = setTimeout(request, 0);
    return { stop: halt, pending: made.pending };
  } catch (error) {
    halt();
    throw error;
  }
}
