import { makeNoise } from '../market/noise.ts';
import type { Connection } from '../server/connection.ts';
import { frameOf, payloadOf } from '../server/frame.ts';
import type { Message } from '../server/message.ts';
import type { SentLog } from '../server/sent-log.ts';
import { wallMicros } from '../server/wall.ts';
import { Backlog } from './backlog.ts';
import type { Fault, KindName } from './kinds.ts';

/** The faults that befall single messages. */
const SPOILING: ReadonlySet<KindName> = new Set([
  'drop',
  'delay',
  'duplicate',
  'reorder',
  'gap',
  'crossed',
  'frozen',
  'garbage',
  'slow-reader',
  'fx-gone',
]);
const DRAIN_MS = 5;
const BINARY = 2;
/** Pairs of one client that are kept in mind. */
const MOST_HELD = 10_000;

interface Line {
  backlog: Backlog | null;
  /** Held back until the next of its pair has gone, by symbol. */
  readonly held: Map<string, Buffer>;
  /** Books lost so far, by fault and symbol. */
  readonly lost: Map<string, number>;
}

/** Stands between the venues and their clients, and does to messages what the acting faults say. */
export class Spoiler {
  private faults: readonly Fault[] = [];
  private readonly lines = new Map<Connection, Line>();
  private readonly noise: ReturnType<typeof makeNoise>;
  private readonly log: SentLog | null;
  private timer: NodeJS.Timeout | null = null;

  constructor(seed: string, log: SentLog | null) {
    this.noise = makeNoise(seed, 'faults');
    this.log = log;
  }

  /** From now on these act. */
  follow(acting: readonly Fault[]): void {
    this.faults = acting.filter(({ kind }) => SPOILING.has(kind));
    for (const [connection, line] of this.lines) this.settle(connection, line);
  }

  forget(connection: Connection): void {
    this.lines.delete(connection);
  }

  close(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  readonly pass = (connection: Connection, message: Message): void => {
    if (this.faults.length === 0 && this.lines.size === 0) {
      connection.write(message.frame);
      return;
    }
    // The fault that began first has it.
    const fault = this.faults.find((one) => befalls(one, connection, message));
    if (fault === undefined) {
      this.forward(connection, message.frame, message.symbol);
      return;
    }
    const how = this.spoil(fault, connection, message);
    if (how === null) return;
    const { id: socket, venue } = connection;
    this.log?.add({ t: 'spoilt', at: wallMicros(), socket, venue, symbol: message.symbol, what: message.what, how });
  };

  /** What became of it; null where it went out as it was. */
  private spoil(fault: Fault, connection: Connection, { frame, symbol, what, crossed }: Message): string | null {
    const { numbers } = fault;
    const now = performance.now();
    const line = this.line(connection);
    if (numbers.share !== undefined && this.noise.bits() >= numbers.share * 0x1_0000_0000) {
      this.forward(connection, frame, symbol);
      return null;
    }
    switch (fault.kind) {
      case 'drop':
      case 'frozen':
      case 'fx-gone':
        return 'dropped';
      case 'gap':
        if (what === 'book' && this.losesOne(line, `${fault.id} ${symbol}`, numbers.count as number)) return 'dropped';
        this.forward(connection, frame, symbol);
        return null;
      case 'duplicate':
        this.forward(connection, frame, symbol);
        this.forward(connection, frame, symbol);
        return 'doubled';
      case 'reorder':
        if (!line.held.has(symbol ?? '') && line.held.size < MOST_HELD) {
          line.held.set(symbol ?? '', frame);
          return 'held back';
        }
        this.forward(connection, frame, symbol);
        return null;
      case 'crossed':
        this.forward(connection, crossed?.() ?? frame, symbol);
        return crossed === undefined ? null : 'crossed';
      case 'garbage':
        this.forward(connection, this.torn(frame), symbol);
        return 'torn';
      case 'delay':
        this.later(connection, line, frame, now + (numbers.ms as number));
        return 'delayed';
      default: {
        const backlog = this.backlogOf(line, now);
        backlog.bytesPerSecond = numbers.bytesPerSecond as number;
        backlog.mostBytes = numbers.mostBytes as number;
        this.later(connection, line, frame, now);
        return 'slowed down';
      }
    }
  }

  private losesOne({ lost }: Line, key: string, most: number): boolean {
    const sofar = lost.get(key) ?? 0;
    if (sofar >= most || (sofar === 0 && lost.size >= MOST_HELD)) return false;
    lost.set(key, sofar + 1);
    return true;
  }

  /** Behind what is still on its way. */
  private forward(connection: Connection, frame: Buffer, symbol: string | null): void {
    const line = this.lines.get(connection);
    if (line === undefined) {
      connection.write(frame);
      return;
    }
    if (line.backlog === null || line.backlog.empty) connection.write(frame);
    else this.later(connection, line, frame, performance.now());
    const held = line.held.get(symbol ?? '');
    if (held === undefined) return;
    line.held.delete(symbol ?? '');
    this.forward(connection, held, symbol);
  }

  private later(connection: Connection, line: Line, frame: Buffer, due: number): void {
    if (!this.backlogOf(line, performance.now()).push(frame, due)) {
      this.lines.delete(connection);
      connection.close(1008, 'too much waits to be read');
      return;
    }
    this.timer ??= setInterval(() => this.drain(), DRAIN_MS);
  }

  private drain(): void {
    const now = performance.now();
    for (const [connection, line] of this.lines) {
      for (const frame of line.backlog?.drain(now) ?? []) connection.write(frame);
      this.settle(connection, line);
    }
    if (this.lines.size === 0) this.close();
  }

  /** Once nothing befalls it any more, and nothing is on its way, a line is as good as new. */
  private settle(connection: Connection, line: Line): void {
    const mine = this.faults.filter(({ venue }) => venue === connection.venue);
    if (line.backlog !== null && !mine.some(({ kind }) => kind === 'slow-reader')) line.backlog.bytesPerSecond = null;
    if (!mine.some(({ kind }) => kind === 'reorder')) {
      const held = [...line.held.values()];
      line.held.clear();
      for (const frame of held) this.forward(connection, frame, null);
    }
    if (mine.length === 0 && (line.backlog === null || line.backlog.empty)) this.lines.delete(connection);
  }

  private line(connection: Connection): Line {
    let line = this.lines.get(connection);
    if (line === undefined) {
      line = { backlog: null, held: new Map(), lost: new Map() };
      this.lines.set(connection, line);
    }
    return line;
  }

  private backlogOf(line: Line, now: number): Backlog {
    line.backlog ??= new Backlog(now);
    return line.backlog;
  }

  /** Cut somewhere and overwritten with what is no JSON. */
  private torn(frame: Buffer): Buffer {
    const text = payloadOf(frame).toString('latin1');
    const at = this.noise.bits() % Math.max(1, text.length);
    const junk = Array.from({ length: 1 + (this.noise.bits() % 16) }, () => String.fromCharCode(33 + (this.noise.bits() % 90))).join('');
    return frameOf(text.slice(0, at) + junk, ((frame[0] as number) & 15) === BINARY);
  }
}

function befalls({ kind, venue, symbol }: Fault, connection: Connection, message: Message): boolean {
  if (venue !== connection.venue || (symbol !== null && symbol !== message.symbol)) return false;
  if (kind === 'fx-gone') return message.symbol?.startsWith('USDT-') === true;
  return kind !== 'crossed' || message.what === 'book';
}
