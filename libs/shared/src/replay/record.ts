import type { JournalReader, SessionRow, StoredEvent } from '../runtime/ports.ts';

/** What replays read: the journal, and where a database can say it, what it still has. */
export interface RecordReader extends JournalReader {
  /** From here to the head no event is missing; null where none is left. */
  keptFrom?(session: string): Promise<number | null>;
  /** Of a service's snapshots, ascending. */
  snapshotPositions?(session: string, service: string): Promise<readonly number[]>;
}

/** The first position whose event is still there; one above the head where none is. */
export async function keptFrom(journal: RecordReader, session: SessionRow): Promise<number> {
  const kept = journal.keptFrom === undefined ? 1 : await journal.keptFrom(session.id);
  return kept ?? (await journal.head(session.id)) + 1;
}

export async function snapshotPositions(journal: RecordReader, session: string, service: string): Promise<readonly number[]> {
  if (journal.snapshotPositions !== undefined) return journal.snapshotPositions(session, service);
  const all = await journal.snapshots(session, service, Number.MAX_SAFE_INTEGER, 1_000);
  return all.map(({ position }) => position).reverse();
}

const PAGE = 5_000;

/** Recorded rows from a position on, in order. The next page is fetched while this one is worked on. */
export class RowReader {
  private readonly journal: JournalReader;
  private readonly session: string;
  private readonly last: number;
  private rows: readonly StoredEvent[] = [];
  private at = 0;
  private next: Promise<readonly StoredEvent[]>;
  private ended = false;

  /** Nothing above `last` will be asked for. */
  constructor(journal: JournalReader, session: string, from: number, last = Number.MAX_SAFE_INTEGER) {
    this.journal = journal;
    this.session = session;
    this.last = last;
    this.next = this.fetch(from);
  }

  /** The rows up to `position`, as far as they are there. Called with growing positions. */
  async upTo(position: number): Promise<readonly StoredEvent[]> {
    const found: StoredEvent[] = [];
    for (;;) {
      let end = this.at;
      while (end < this.rows.length && (this.rows[end] as StoredEvent).position <= position) end++;
      for (let i = this.at; i < end; i++) found.push(this.rows[i] as StoredEvent);
      this.at = end;
      if (this.at < this.rows.length || this.ended) return found;
      await this.turn();
    }
  }

  /** The next rows, as they come; none at the end of the record. */
  async some(): Promise<readonly StoredEvent[]> {
    if (this.at >= this.rows.length) await this.turn();
    const found = this.rows.slice(this.at);
    this.at = this.rows.length;
    return found;
  }

  private async turn(): Promise<void> {
    if (this.ended) return;
    this.rows = await this.next;
    this.at = 0;
    const last = this.rows.at(-1);
    if (last === undefined) this.ended = true;
    else this.next = this.fetch(last.position + 1);
  }

  private fetch(from: number): Promise<readonly StoredEvent[]> {
    if (from > this.last) return Promise.resolve([]);
    const page = this.journal.events(this.session, from, Math.min(PAGE, this.last - from + 1));
    // Whoever takes the page has its rejection; one that nobody takes any more concerns nobody.
    page.catch(() => {});
    return page;
  }
}
