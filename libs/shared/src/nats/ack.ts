/**
 * Where a delivered message stands, as the server says it in the message's reply subject:
 *   $JS.ACK.<stream>.<consumer>.<delivered>.<position>.<sequence>.<time>.<pending>
 *   $JS.ACK.<domain>.<account>.<stream>.<consumer>.<delivered>.<position>.<sequence>.<time>.<pending>[.<random>]
 */
export interface Ack {
  position: number;
  /** 1, 2, 3 … for one consumer: a hole in it means that a message was lost on the way. */
  sequence: number;
  /** µs since the epoch. */
  storedAt: number;
  pending: number;
}

const DOT = 0x2e;
const MOST_TOKENS = 16;
/** Reused by every call: this runs once per message. */
const dots = new Int32Array(MOST_TOKENS);

/** Fills `into` from the reply's bytes; false when they are no such reply. */
export function parseAck(reply: Uint8Array, into: Ack): boolean {
  let count = 0;
  for (let i = 0; i < reply.length; i++) {
    if (reply[i] !== DOT) continue;
    if (count === MOST_TOKENS - 1) return false;
    dots[count++] = i;
  }
  const tokens = count + 1;
  dots[count] = reply.length;
  const delivered = tokens === 9 ? 4 : tokens === 11 || tokens === 12 ? 6 : -1;
  if (delivered < 0) return false;
  const position = whole(reply, edge(delivered) + 1, edge(delivered + 1));
  const sequence = whole(reply, edge(delivered + 1) + 1, edge(delivered + 2));
  // The time is in ns, beyond what a number holds exactly: its last three digits are left out before it becomes one.
  const storedAt = whole(reply, edge(delivered + 2) + 1, edge(delivered + 3) - 3);
  const pending = whole(reply, edge(delivered + 3) + 1, edge(delivered + 4));
  if (position < 0 || sequence < 0 || storedAt < 0 || pending < 0) return false;
  into.position = position;
  into.sequence = sequence;
  into.storedAt = storedAt;
  into.pending = pending;
  return true;
}

function edge(token: number): number {
  return dots[token] as number;
}

function whole(bytes: Uint8Array, from: number, to: number): number {
  if (to <= from || to - from > 16) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = (bytes[i] as number) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : -1;
}

/** µs of a time such as `2026-01-31T10:00:00.123456789Z`; the server leaves out zeros at the end of the fraction. */
export function microsOf(time: string): number {
  const found = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(time);
  if (found === null) throw new Error(`expected a UTC time of the NATS server such as 2026-01-31T10:00:00.123456789Z, found "${time}"`);
  return Date.parse(`${found[1]}Z`) * 1_000 + Number((found[2] ?? '').padEnd(6, '0').slice(0, 6));
}
