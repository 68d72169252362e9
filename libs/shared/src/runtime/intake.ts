import { type AnyEvent, parseEvent, rootOf, type Scanned, scan } from '../contracts/index.ts';
import type { StreamMessage } from './ports.ts';
import { type Turn, Turns } from './turns.ts';

/** `unread`: of a root that this reader is not given. */
export type Judgement = Turn | 'malformed' | 'unread';

/**
 * The gate that every message of a session passes, in every reader and in every replay: header, turn, and, where this
 * reader needs it, the parsed event.
 */
export class Intake {
  readonly turns: Turns;
  private readonly wanted: ReadonlySet<string>;
  private readonly all: boolean;
  private readonly roots: ReadonlySet<string> | null;
  /** Of the message last judged. */
  header: Scanned | null = null;
  event: AnyEvent | null = null;
  fault: string | null = null;
  /**
   * Whoever knows an event already, because it has derived the very bytes that stand there, gives it here: it is as it
   * would be parsed. Null from whoever does not.
   */
  known: ((message: StreamMessage, header: Scanned) => AnyEvent | null) | null = null;
  /** It was in turn: its number is used up, even where its body is malformed. */
  counted = false;

  /**
   * `wanted`: the types whose events are parsed; `'all'` for those who check every body. `roots`: the others are passed
   * over, as if they were not there; null reads all.
   */
  constructor(session: string, wanted: ReadonlySet<string>, roots: ReadonlySet<string> | null = null) {
    this.turns = new Turns(session);
    this.wanted = wanted;
    this.all = wanted.has('all');
    this.roots = roots;
  }

  judge(message: StreamMessage): Judgement {
    this.event = null;
    this.header = null;
    this.fault = null;
    this.counted = false;
    if (this.roots !== null && !this.roots.has(rootOf(message.subject))) return 'unread';
    const header = scan(message.subject, message.bytes);
    if (typeof header === 'string') {
      this.fault = header;
      return 'malformed';
    }
    this.header = header;
    let turn = this.turns.judge(header);
    this.counted = turn === 'taken' || turn === 'not-holder';
    const type = header.kind.type;
    // A session begins once; the late word of a journal that died over it is nobody's.
    if (turn === 'taken' && type === 'session.started' && message.position !== 1) turn = 'not-holder';
    const concerns = turn === 'taken' && Turns.concerns(type);
    if (concerns || (turn === 'taken' && this.wanted.has(type)) || this.all) {
      const event = this.known?.(message, header) ?? parseEvent(message.subject, message.bytes, header, message.position);
      if (typeof event === 'string') {
        this.fault = event;
        return 'malformed';
      }
      this.event = event;
      if (concerns) this.turns.learn(event);
    }
    return turn;
  }
}
