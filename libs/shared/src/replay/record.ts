import type { RowLabels } from '../journal/labels.ts';
import type { JournalReader, SessionRow, StoredEvent } from '../runtime/ports.ts';

/** What replays read: the journal, and where a database can say it, what it still has. */
export interface RecordReader extends JournalReader {
  /** From here to the head no event is missing; null where none is left. */
  keptFrom?(session: string): Promise<number | null>;
  /** Of a service's snapshots, ascending. */
  snapshotPositions?(session: string, service: string): Promise<readonly number[]>;
  /** What stands beside the bytes of the rows in a range, of which it is not plain that it fits them. */
  doubtfulLabels?(session: string, from: number, to: number): Promise<readonly RowLabels[]>;
  /** A row that no seal covers; null where there is none. */
  unsealed?(session: string): Promise<number | null>;
  /** It came out of a file. */
  isImported?(session: string): Promise<boolean>;
  /** The whole effective configuration, as JSON. */
  configOf?(session: string): Promise<string>;
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

interface RowPage {
  readonly rows: readonly StoredEvent[];
  readonly labels: readonly RowLabels[];
}

/** Recorded rows from a position on, in order. The next page is fetched while this one is worked on. */
export class RowReader {
  private readonly journal: RecordReader;
  private readonly session: string;
  private readonly last: number;
  private rows: readonly StoredEvent[] = [];
  private at = 0;
  private next: Promise<RowPage>;
  private ended = false;
  private readonly doubtful: ((labels: RowLabels) => void) | null;

  /** Nothing above `last` will be asked for. `doubtful` is given the doubtful labels of rows before it is given the rows. */
  constructor(
    journal: RecordReader,
    session: string,
    from: number,
    last = Number.MAX_SAFE_INTEGER,
    doubtful: ((labels: RowLabels) => void) | null = null,
  ) {
    this.journal = journal;
    this.session = session;
    this.last = last;
    this.doubtful = doubtful;
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
    const { rows, labels } = await this.next;
    this.rows = rows;
    this.at = 0;
    if (this.doubtful !== null) for (const each of labels) this.doubtful(each);
    const last = this.rows.at(-1);
    if (last === undefined) this.ended = true;
    else this.next = this.fetch(last.position + 1);
  }

  private fetch(from: number): Promise<RowPage> {
    if (from > this.last) return Promise.resolve({ rows: [], labels: [] });
    const { journal, session } = this;
    const most = Math.min(PAGE, this.last - from + 1);
    const labels = this.doubtful === null ? undefined : journal.doubtfulLabels?.(session, from, from + most - 1);
    const page = Promise.all([journal.events(session, from, most), labels ?? []]).then(([rows, labels]) => ({ rows, labels }));
    // Whoever takes the page has its rejection; one that nobody takes any more concerns nobody.
    page.catch(() => {});
    return page;
  }
}
