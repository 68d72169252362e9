import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { SESSION_ID } from '../../contracts/index.ts';
import { openImport, rowOf, type SessionImport } from '../../journal/index.ts';
import { type Chain, sealBatch, startChain } from '../../journal/seal.ts';
import { Intake, openSnapshot, type Seal, type StoredEvent, type StoredSnapshot } from '../../runtime/index.ts';
import {
  FORMAT,
  FORMAT_VERSION,
  isSeal,
  isSnapshot,
  type LineKind,
  type Manifest,
  objectOf,
  readLine,
  readRow,
  type Trailer,
} from './format.ts';
import { decompressed, linesOf, NotImported } from './lines.ts';

export { NotImported };

export interface Imported {
  readonly session: string;
  readonly after: number;
  readonly from: number;
  readonly to: number;
  readonly whole: boolean;
  readonly events: number;
  readonly seals: number;
  readonly snapshots: number;
  readonly head: string;
}

export interface ImportOptions {
  readonly progress?: (done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

/** More rows than the journal seals at once are no batch of it. */
const MOST_ROWS = 50_000;
/** Nor are more bytes: the journal writes at half as many. Without a limit a small compressed file would fill the memory. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * Reads an exported session into the journal. Every line is held against its checksum, every batch against its seal, before
 * a row of it is written; a file that is refused leaves nothing behind.
 */
export async function importSession(url: string, source: Readable, options: ImportOptions = {}): Promise<Imported> {
  const reading = new FileReading(url, options);
  try {
    for await (const bytes of linesOf(await decompressed(source))) {
      options.signal?.throwIfAborted();
      await reading.line(bytes);
    }
    return await reading.end();
  } catch (error) {
    await reading.undo().catch((failed: Error) => {
      throw new Error(`${(error as Error).message} What was written of it stays until the next import: ${failed.message}`, {
        cause: error,
      });
    });
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EISDIR') throw new NotImported('this is a folder: name the file in it', { cause: error });
    if (code === 'EACCES' || code === 'EPERM') throw new NotImported('the file may not be read by you', { cause: error });
    if (code === 'Z_BUF_ERROR' || code === 'Z_DATA_ERROR')
      throw new NotImported(
        `the file is damaged or was cut off after line ${reading.number}: its compression ends in the middle. Export it again.`,
        {
          cause: error,
        },
      );
    throw error;
  } finally {
    await reading.close();
  }
}

class FileReading {
  number = 0;
  private readonly url: string;
  private readonly options: ImportOptions;
  private readonly hash = createHash('sha256');
  private manifest: Manifest | null = null;
  private journal: SessionImport | null = null;
  private intake = new Intake('none', new Set(['all']));
  private chain: Chain = startChain();
  private position = 0;
  private rows: StoredEvent[] = [];
  private rowBytes = 0;
  private firstLineOfBatch = 0;
  /** Where a session goes on elsewhere, what is here of it ends with its last row. */
  private lastStoredAt = 0;
  private trailer: Trailer | null = null;
  private readonly counted = { events: 0, seals: 0, snapshots: 0 };
  private kept = false;

  constructor(url: string, options: ImportOptions) {
    this.url = url;
    this.options = options;
  }

  async line(bytes: Buffer): Promise<void> {
    this.number++;
    if (this.trailer !== null) throw this.refused('there should be nothing after the last line');
    const read = readLine(bytes);
    if (typeof read === 'string') throw this.refused(this.number === 1 ? `${read}; this is no exported session` : read);
    const { kind, content } = read;
    if (kind !== 'Z') this.hash.update(bytes).update('\n');
    if (this.manifest === null) {
      if (kind !== 'M') throw this.refused('the first line should say what this is');
      await this.begin(objectOf(content) as Manifest);
      return;
    }
    await this.after(kind, content);
  }

  private async after(kind: LineKind, content: Buffer): Promise<void> {
    switch (kind) {
      case 'P':
      case 'S':
        return this.snapshot(kind, this.shaped(objectOf(content), isSnapshot, 'snapshot'));
      case 'B':
        return this.base(this.shaped(objectOf(content), isSeal, 'seal'));
      case 'E':
      case 'X': {
        const row = readRow(kind, content);
        if (typeof row === 'string') throw this.refused(row);
        if (this.rows.length === 0) this.firstLineOfBatch = this.number;
        if (this.rows.length >= MOST_ROWS) throw this.refused(`more than ${MOST_ROWS} rows without a seal`);
        this.rowBytes += row.bytes.length;
        if (this.rowBytes > MOST_BYTES) throw this.refused(`more than ${MOST_BYTES} bytes without a seal`);
        const expected = this.position + this.rows.length + 1;
        if (row.position !== expected) throw this.refused(`expected position ${expected}, found ${row.position}`);
        // The line is a part of a bigger buffer, which should not live as long as a batch.
        this.rows.push({ ...row, bytes: Buffer.from(row.bytes) });
        return;
      }
      case 'L':
        return this.seal(this.shaped(objectOf(content), isSeal, 'seal'));
      case 'Z':
        this.trailer = objectOf(content) as Trailer;
        return;
      default:
        throw this.refused('the manifest stands twice');
    }
  }

  private async begin(manifest: Manifest): Promise<void> {
    if (manifest.format !== FORMAT) throw this.refused('this is no exported session');
    if (manifest.version !== FORMAT_VERSION)
      throw this.refused(
        `the file is of version ${manifest.version}, this code reads ${FORMAT_VERSION}: use the code that wrote it, or a newer one`,
      );
    const { session, after, to } = manifest;
    if (
      typeof session?.id !== 'string' ||
      !SESSION_ID.test(session.id) ||
      !Number.isSafeInteger(after) ||
      !Number.isSafeInteger(to) ||
      to <= after
    )
      throw this.refused('the manifest names no session or no range');
    this.manifest = manifest;
    this.intake = new Intake(session.id, new Set(['all']));
    this.journal = await openImport(this.url, { ...session, config: JSON.stringify(manifest.config) });
  }

  private async base(seal: Seal): Promise<void> {
    const { after } = this.manifest as Manifest;
    if (this.position !== 0 || seal.to !== after || after === 0)
      throw this.refused(`expected the seal that ends at ${after}, found one at ${seal.to}`);
    this.chain = { market: seal.market, ledger: seal.ledger, head: seal.head };
    try {
      this.intake.turns.load(JSON.parse(seal.turns));
    } catch {
      throw this.refused('the turns of the seal cannot be read');
    }
    this.position = after;
    await this.journal?.base(seal);
  }

  private async snapshot(kind: 'P' | 'S', stored: StoredSnapshot): Promise<void> {
    const { session } = this.manifest as Manifest;
    if (openSnapshot(stored) === null)
      throw this.refused(`the snapshot of ${stored.service} at ${stored.position} is not what its hash says`);
    if (stored.session !== (kind === 'P' ? session.parent : session.id))
      throw this.refused(`a snapshot of another session, ${stored.session}`);
    // The last state of the parent, which need not be in this journal, is kept as what this session began from.
    await this.journal?.snapshot({ ...stored, session: session.id, position: kind === 'P' ? 0 : stored.position });
    if (kind === 'S') this.counted.snapshots++;
  }

  private async seal(seal: Seal): Promise<void> {
    const { rows, intake } = this;
    const manifest = this.manifest as Manifest;
    if (seal.from !== this.position + 1 || seal.to !== this.position + rows.length)
      throw this.refused(
        `the seal says positions ${seal.from} to ${seal.to}, the rows before it are ${this.position + 1} to ${this.position + rows.length}`,
      );
    const judged = rows.map((row) => ({ ...rowOf(row, intake.judge(row), intake), taken: row.taken }));
    const chain = sealBatch(this.chain, judged, seal.from, seal.to);
    if (chain.head !== seal.head || chain.market !== seal.market || chain.ledger !== seal.ledger)
      throw new NotImported(
        `lines ${this.firstLineOfBatch} to ${this.number} (positions ${seal.from} to ${seal.to}) are not what was sealed: somebody changed them. Nothing was imported.`,
      );
    if (JSON.stringify(intake.turns.save()) !== seal.turns)
      throw this.refused(`whose turn it is after position ${seal.to} does not follow from the rows`);
    this.chain = chain;
    this.position = seal.to;
    this.lastStoredAt = rows.at(-1)?.storedAt ?? this.lastStoredAt;
    this.rows = [];
    this.rowBytes = 0;
    this.counted.seals++;
    this.counted.events += judged.length;
    await this.journal?.append(judged, seal);
    this.options.progress?.(seal.to - manifest.after, manifest.to - manifest.after);
  }

  async end(): Promise<Imported> {
    const { manifest, trailer, chain, counted } = this;
    if (manifest === null || trailer === null)
      throw new NotImported(
        `the file was cut off after line ${this.number}: its last line, which says what it holds, is missing. Export it again.`,
      );
    if (this.rows.length > 0) throw this.refused('the last rows have no seal');
    if (trailer.sha256 !== this.hash.digest('hex') || trailer.lines !== this.number - 1 || trailer.snapshots !== counted.snapshots)
      throw new NotImported('the lines are not those that were written: one was taken out, put in or moved. Nothing was imported.');
    if (this.position !== manifest.to || chain.head !== manifest.head)
      throw new NotImported(
        `the manifest says positions up to ${manifest.to} and head ${manifest.head}, found ${this.position} and ${chain.head}`,
      );
    await this.journal?.finish(manifest.to, manifest.session.endedAt ?? new Date(this.lastStoredAt / 1_000).toISOString());
    this.kept = true;
    const { after, from, to, whole } = manifest;
    return { session: manifest.session.id, after, from, to, whole, ...counted, head: chain.head };
  }

  /** Nothing of a file that was refused stays. */
  async undo(): Promise<void> {
    if (!this.kept) await this.journal?.remove();
  }

  async close(): Promise<void> {
    await this.journal?.close();
  }

  private shaped<T>(value: object, is: (value: Partial<T>) => value is T & Partial<T>, what: string): T {
    if (!is(value as Partial<T>)) throw this.refused(`it holds no ${what}`);
    return value as T;
  }

  private refused(what: string): NotImported {
    return new NotImported(`line ${this.number}: ${what}. Nothing was imported.`);
  }
}
