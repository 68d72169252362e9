import { CATALOG, type DataOf, type EventKind, type EventType, kindsOn, mayWrite } from './catalog.ts';
import { SESSION_ID } from './names.ts';
import { readLevels } from './read-levels.ts';
import { writtenAt } from './written.ts';

/** A position of this session, or `<session>:<position>` of another one. */
export type Position = number;
export type PositionRef = number | string;

/** What stands before an event's data. Written in exactly this order. */
export interface Header {
  readonly n: number;
  readonly source: string;
  readonly session: string;
  readonly type: EventType;
  readonly v: number;
  /** µs since the epoch: receive time for what comes from outside, the cause's `at` for what is derived. */
  readonly at: number;
  readonly cause: PositionRef | null;
  readonly basis?: readonly PositionRef[];
}

/** An event as a reader gets it: the header, where it stands in the stream, and its data (of the present version). */
export interface StreamEvent<K extends EventType = EventType> extends Header {
  readonly type: K;
  readonly position: Position;
  readonly subject: string;
  readonly data: DataOf<K>;
}
/** Discriminated by `type`. */
export type AnyEvent = { [K in EventType]: StreamEvent<K> }[EventType];

export const MAX_EVENT_BYTES = 256 * 1024;
export const MAX_BASIS = 64;

/** Deterministic: fixed key order, shortest round-trip numbers (JSON's own), keys of `data` in the order its writer put them. */
export function encodeEvent(header: Header, data: unknown): string {
  return `${beginning(header)}${JSON.stringify(data)}}`;
}

function beginning(header: Header): string {
  const cause = typeof header.cause === 'string' ? JSON.stringify(header.cause) : header.cause;
  const basis = header.basis === undefined ? '' : `"basis":${JSON.stringify(header.basis)},`;
  return `{"n":${header.n},"source":"${header.source}","session":"${header.session}","type":"${header.type}","v":${header.v},"at":${header.at},"cause":${cause},${basis}"data":`;
}

/**
 * The first fault of an output that its own writer is about to publish, or null. Says nothing yet of its texts and its
 * length: `encodeOutput` looks at those where it has the bytes.
 */
export function faultOfOutput(subject: string, header: Header, data: unknown): string | null {
  const row = CATALOG[header.type];
  if (row === undefined) return `type ${header.type} is not in the catalog`;
  const entry = entryOf(subject);
  if (!entry.kinds.includes(row)) return `subject ${subject} does not carry ${header.type}`;
  if (!mayWrite(row, header.source, subject)) return `${header.source} may not write ${header.type} on ${subject}`;
  if (!isPosition(header.n)) return `n is ${header.n}, expected a whole number from 1`;
  if (!Number.isSafeInteger(header.at) || header.at < 0) return `at is ${header.at}, expected whole µs`;
  if (!SESSION_ID.test(header.session)) return 'session is not a session id';
  if (header.v !== row.v) return `v is ${header.v}, outputs are of version ${row.v}`;
  if (header.cause !== null && !isRef(header.cause)) return `cause is ${header.cause}, expected null or a position`;
  const { basis } = header;
  if (basis !== undefined && (basis.length > MAX_BASIS || !basis.every(isRef)))
    return `basis is not a list of at most ${MAX_BASIS} positions`;
  return row.shape(data, 'data') ?? misnamed(row, entry.words, data);
}

/** The bytes of an output, or the reason why it would be malformed: every publisher's last step. */
export function encodeOutput(subject: string, header: Header, data: unknown): Buffer | string {
  const fault = faultOfOutput(subject, header, data);
  if (fault !== null) return fault;
  const text = encodeEvent(header, data);
  if (text.includes('\\u') && holdsBadText(data)) return BAD_TEXT;
  const bytes = Buffer.from(text);
  return bytes.length > MAX_EVENT_BYTES ? `${bytes.length} bytes, at most ${MAX_EVENT_BYTES} allowed` : bytes;
}

/** An output that is written out only where somebody wants its bytes: whoever has the record need only hold it against that. */
export class UnwrittenOutput {
  readonly subject: string;
  readonly header: Header;
  readonly data: unknown;
  private text: Buffer | null = null;
  private found: Uint8Array | null = null;

  constructor(subject: string, header: Header, data: unknown) {
    this.subject = subject;
    this.header = header;
    this.data = data;
  }

  get bytes(): Buffer {
    if (this.text !== null) return this.text;
    const bytes = encodeOutput(this.subject, this.header, this.data);
    if (typeof bytes === 'string')
      throw new Error(`${this.header.source} derived a malformed ${this.header.type} on ${this.subject}: ${bytes}`);
    this.text = bytes;
    return bytes;
  }

  /** Whether these are its bytes, and data that is read from them is the data that they were derived as. */
  isWrittenAs(bytes: Uint8Array): boolean {
    if (bytes === this.found) return true;
    const { data, header } = this;
    const start = beginning(header);
    if (bytes.length > MAX_EVENT_BYTES) return false;
    for (let i = 0; i < start.length; i++) if (bytes[i] !== start.charCodeAt(i)) return false;
    const end = writtenAt(bytes, start.length, data);
    if (end !== bytes.length - 1 || bytes[end] !== CLOSING) return false;
    this.found = bytes;
    return true;
  }

  equals(bytes: Uint8Array): boolean {
    return this.isWrittenAs(bytes) || this.bytes.equals(bytes);
  }

  toString(): string {
    return this.bytes.toString();
  }

  /** As it is read from a position of the stream, where its very bytes stand. */
  eventAt(position: Position): AnyEvent {
    const { header, data, subject } = this;
    const { n, source, session, type, v, at, cause, basis } = header;
    return {
      n,
      source,
      session,
      type,
      v,
      at,
      cause,
      ...(basis === undefined ? NO_BASIS : { basis }),
      data,
      position,
      subject,
    } as unknown as AnyEvent;
  }
}

/** The same as `encodeOutput`, for whom the record is there to be compared with. */
export function unwrittenOutput(subject: string, header: Header, data: unknown): UnwrittenOutput | string {
  return faultOfOutput(subject, header, data) ?? new UnwrittenOutput(subject, header, data);
}

/** What a subject says of its event, the event says too. */
function misnamed(row: EventKind, words: readonly string[], data: unknown): string | null {
  for (let i = 0; i < row.names.length; i++) {
    const name = row.names[i] as string;
    if ((data as Record<string, unknown>)[name] !== words[i]) return `data.${name} is not ${words[i]}, as the subject says`;
  }
  return null;
}

/** Data of an older version of its kind, as the present one says it. */
export function upcast(row: EventKind, from: number, data: unknown): unknown {
  let present = data;
  for (let v = from; v < row.v; v++) present = (row.upcasts[v - 1] as (old: unknown) => unknown)(present);
  return present;
}

const BAD_TEXT = 'holds U+0000 or a lone surrogate';

/** What the first bytes of a message say; enough to know whether it is in turn, without parsing the rest. */
export interface Scanned {
  readonly n: number;
  readonly source: string;
  readonly session: string;
  readonly kind: EventKind;
  readonly v: number;
  readonly at: number;
}

interface SubjectEntry {
  readonly kinds: readonly EventKind[];
  /** The subject's words after the first. */
  readonly words: readonly string[];
  /** The header last found on it, and its bytes between the values of n and at. */
  last: {
    readonly bytes: Uint8Array;
    readonly source: string;
    readonly session: string;
    readonly kind: EventKind;
    readonly v: number;
  } | null;
}
/** Outside text can reach subjects (a new coin), never without bound. */
const MAX_CACHED = 20_000;
const subjects = new Map<string, SubjectEntry>();

function entryOf(subject: string): SubjectEntry {
  let entry = subjects.get(subject);
  if (entry === undefined) {
    entry = { kinds: kindsOn(subject), words: subject.split('.').slice(1), last: null };
    if (subjects.size >= MAX_CACHED) subjects.clear();
    subjects.set(subject, entry);
  }
  return entry;
}

const QUOTE = 0x22;
const CLOSING = 0x7d;
const START = Buffer.from('{"n":');
const SOURCE = Buffer.from(',"source":"');
const SESSION = Buffer.from(',"session":"');
const TYPE = Buffer.from(',"type":"');
const VERSION = Buffer.from(',"v":');
const AT = Buffer.from(',"at":');

/**
 * Reads a message's first bytes. Returns the header, or the reason why this is no event at all. Every reader runs it on
 * every message, so all agree on who said what in which turn; it costs well under a microsecond.
 */
export function scan(subject: string, bytes: Uint8Array): Scanned | string {
  const header = headerOf(subject, bytes);
  return typeof header === 'string' ? speakable(header) : header;
}

function headerOf(subject: string, bytes: Uint8Array): Scanned | string {
  if (bytes.length > MAX_EVENT_BYTES) return `${bytes.length} bytes, at most ${MAX_EVENT_BYTES} allowed`;
  cursor = 0;
  if (!literal(bytes, START)) return 'does not begin with {"n":';
  const n = whole(bytes);
  if (n < 1) return 'n is not a whole number from 1';

  // From n to at, the last message of the same subject was mostly the same to the byte.
  const entry = entryOf(subject);
  const { last } = entry;
  const from = cursor;
  if (last !== null && literal(bytes, last.bytes)) {
    const time = whole(bytes);
    if (time >= 0) return { n, source: last.source, session: last.session, kind: last.kind, v: last.v, at: time };
    cursor = from;
  }

  if (!literal(bytes, SOURCE)) return 'source does not follow n';
  const source = quoted(bytes);
  if (source === null) return 'source is not a short text';
  if (!literal(bytes, SESSION)) return 'session does not follow source';
  const session = quoted(bytes);
  if (session === null || !SESSION_ID.test(session)) return 'session is not a session id';
  if (!literal(bytes, TYPE)) return 'type does not follow session';
  const type = quoted(bytes);
  if (type === null) return 'type is not a short text';
  if (!literal(bytes, VERSION)) return 'v does not follow type';
  const v = whole(bytes);
  if (!literal(bytes, AT)) return 'at does not follow v';
  const middle = cursor;
  const time = whole(bytes);
  if (time < 0) return 'at is not a time in µs';

  const kind = entry.kinds.find((row) => row.type === type);
  if (kind === undefined)
    return CATALOG[type as EventType] === undefined ? `unknown type ${type}` : `${type} does not belong on ${subject}`;
  if (!mayWrite(kind, source, subject)) return `${source} may not write ${type} on ${subject}`;
  if (v < 1 || v > kind.v) return `version ${v} of ${type} is unknown: this code knows 1 to ${kind.v}`;
  // A copy: the bytes may be a view of a socket's buffer.
  entry.last = { bytes: bytes.slice(from, middle), source, session, kind, v };
  return { n, source, session, kind, v, at: time };
}

/** Where the scan stands in the message it is at; scanning is synchronous, so one is enough. */
let cursor = 0;

function literal(bytes: Uint8Array, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[cursor + i] !== text[i]) return false;
  cursor += text.length;
  return true;
}

/** A whole number as JSON writes it, or -1. */
function whole(bytes: Uint8Array): number {
  const from = cursor;
  let value = 0;
  for (;;) {
    const digit = (bytes[cursor] as number) - 48;
    if (!(digit >= 0 && digit <= 9)) break;
    value = value * 10 + digit;
    cursor++;
  }
  const length = cursor - from;
  return length === 0 || length > 16 || (length > 1 && bytes[from] === 48) || value > Number.MAX_SAFE_INTEGER ? -1 : value;
}

function quoted(bytes: Uint8Array): string | null {
  const from = cursor;
  while (cursor < bytes.length && bytes[cursor] !== QUOTE && cursor - from <= 64) cursor++;
  if (bytes[cursor] !== QUOTE) return null;
  let text = '';
  for (let i = from; i < cursor; i++) text += String.fromCharCode(bytes[i] as number);
  cursor++;
  return text;
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** U+0000 and lone surrogates cannot be kept by every tool that reads the journal; shells replace them in outside text. */
function holdsBadText(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\u0000') || !value.isWellFormed();
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value)
    ? value.some(holdsBadText)
    : Object.entries(value).some(([key, inner]) => holdsBadText(key) || holdsBadText(inner));
}

const OF_LEVELS: ReadonlySet<string> = new Set<EventType>(['book', 'l2']);
const NO_LEVELS = '"bids":null,"asks":null';

/**
 * What JSON.parse gives for a book, in half the time: its lists of levels are read by themselves, and JSON reads the rest. Null wherever
 * that might not be the same: another place than the data's own fields, a field that stands twice, an escape, no JSON at all.
 */
function withLevels(bytes: Uint8Array): Record<string, unknown> | null {
  const levels = readLevels(bytes);
  if (levels === null) return null;
  try {
    const before = strict.decode(bytes.subarray(0, levels.from));
    const after = strict.decode(bytes.subarray(levels.to));
    if (names(before) || names(after)) return null;
    const value = JSON.parse(before + NO_LEVELS + after) as Record<string, unknown>;
    const data = value.data as Record<string, unknown> | null | undefined;
    if (typeof data !== 'object' || data?.bids !== null || data.asks !== null) return null;
    data.bids = levels.bids;
    data.asks = levels.asks;
    return value;
  } catch {
    return null; // read as a whole, it says what is wrong with it
  }
}

function names(text: string): boolean {
  return text.includes('\\') || text.includes('"bids"') || text.includes('"asks"');
}

const REF = /^[A-Za-z0-9-]{1,40}:[1-9]\d{0,15}$/;
function isPosition(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function isRef(value: unknown): boolean {
  return typeof value === 'string' ? REF.test(value) : isPosition(value);
}

const NO_BASIS = {};
const KEYS = ['n', 'source', 'session', 'type', 'v', 'at', 'cause'];

/**
 * The whole event from its bytes, or the reason why it is malformed: decided for everybody by this one function, over
 * the subject and the bytes alone. `scanned` is what `scan` found in the same bytes. How deep an event may be nested is
 * bounded by its kind's shape.
 */
export function parseEvent(subject: string, bytes: Uint8Array, scanned: Scanned, at: Position): AnyEvent | string {
  const event = parsed(subject, bytes, scanned, at);
  return typeof event === 'string' ? speakable(event) : event;
}

const MOST_REASON = 300;

/** A reason may quote what was malformed; it goes into logs and events, so it is made short and clean. */
function speakable(reason: string): string {
  return reason.slice(0, MOST_REASON).toWellFormed().replaceAll('\u0000', '\ufffd');
}

function parsed(subject: string, bytes: Uint8Array, scanned: Scanned, at: Position): AnyEvent | string {
  let value: Record<string, unknown>;
  let source: string;
  const quick = OF_LEVELS.has(scanned.kind.type) ? withLevels(bytes) : null;
  if (quick !== null) {
    value = quick;
    source = '';
  } else {
    try {
      source = strict.decode(bytes);
    } catch {
      return 'is not strict UTF-8';
    }
    try {
      value = JSON.parse(source) as Record<string, unknown>;
    } catch (error) {
      return `is not JSON: ${(error as Error).message.slice(0, 120)}`;
    }
  }
  const keys = Object.keys(value);
  const withBasis = keys.length === KEYS.length + 2;
  if (
    (!withBasis && keys.length !== KEYS.length + 1) ||
    KEYS.some((key, i) => keys[i] !== key) ||
    keys[keys.length - 1] !== 'data' ||
    (withBasis && keys[KEYS.length] !== 'basis')
  )
    return `keys are ${keys.join(', ').slice(0, 120)}; expected ${KEYS.join(', ')}, basis (or not), data`;
  // A repeated key would let the header that was scanned and the one that was parsed differ.
  if (
    value.n !== scanned.n ||
    value.source !== scanned.source ||
    value.session !== scanned.session ||
    value.type !== scanned.kind.type ||
    value.v !== scanned.v ||
    value.at !== scanned.at
  )
    return 'a header field stands twice';
  if (value.cause !== null && !isRef(value.cause)) return 'cause is neither null nor a position';
  if (withBasis && !(Array.isArray(value.basis) && value.basis.length <= MAX_BASIS && value.basis.every(isRef)))
    return `basis is not a list of at most ${MAX_BASIS} positions`;
  let data = value.data;
  try {
    data = upcast(scanned.kind, scanned.v, data);
  } catch (error) {
    return `version ${scanned.v} does not upcast: ${(error as Error).message.slice(0, 120)}`;
  }
  const fault = scanned.kind.shape(data, 'data') ?? misnamed(scanned.kind, entryOf(subject).words, data);
  if (fault !== null) return fault;
  if (source.includes('\\u') && holdsBadText(value.data)) return BAD_TEXT;
  // Written out: spreading an object costs two microseconds.
  return {
    n: scanned.n,
    source: scanned.source,
    session: scanned.session,
    type: scanned.kind.type,
    v: scanned.v,
    at: scanned.at,
    cause: value.cause,
    ...(withBasis ? { basis: value.basis } : NO_BASIS),
    data,
    position: at,
    subject,
  } as unknown as AnyEvent;
}

/** For a position in another session's stream. */
export function positionRef(session: string, position: Position, here: string): PositionRef {
  return session === here ? position : `${session}:${position}`;
}
