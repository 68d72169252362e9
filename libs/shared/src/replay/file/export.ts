import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { canonicalJson } from '../../config/canonical.ts';
import { CORE_SERVICES } from '../../contracts/index.ts';
import type { Archive } from '../../journal/index.ts';
import type { SessionRow } from '../../runtime/index.ts';
import { planRanges, sealAt } from '../ranges.ts';
import { RowReader } from '../record.ts';
import { NotThere } from '../resolve.ts';
import { parentsLast } from '../starting.ts';
import { FORMAT, FORMAT_VERSION, jsonLine, type Manifest, rowLine, type Trailer } from './format.ts';

export interface ExportOptions {
  readonly from?: number;
  readonly to?: number;
  readonly progress?: (done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

export interface Exported extends Trailer {
  readonly manifest: Manifest;
}

const SEALS = 1_000;
/** Lines are handed on in pieces of this size. */
const PIECE_BYTES = 256 * 1024;

/** Writes a session, or a range of it that can be replayed, as lines. Not compressed; ends `into`. */
export async function exportSession(archive: Archive, session: SessionRow, into: Writable, options: ExportOptions = {}): Promise<Exported> {
  const [range] = await planRanges(archive, session, session.versions, options);
  const listed = await archive.listed(session.id);
  if (range === undefined || listed === null || range.to <= range.after) throw new NotThere(`${session.id} has no events to export`);
  const { after, to, begins } = range;
  const last = await sealAt(archive, session.id, to);
  if (last === null) throw new NotThere(`${session.id} has no seal that ends at ${to}: "arb verify" looks for what else is missing`);
  const before = after === 0 ? null : await sealAt(archive, session.id, after);
  const manifest: Manifest = {
    format: FORMAT,
    version: FORMAT_VERSION,
    exportedAt: new Date().toISOString(),
    session: {
      id: session.id,
      status: session.status,
      parent: session.parent,
      parentPosition: session.parentPosition,
      configHash: session.configHash,
      versions: session.versions,
      lostFrom: session.lostFrom,
      lostTo: session.lostTo,
      startedAt: listed.startedAt,
      endedAt: listed.endedAt,
    },
    config: JSON.parse(canonicalJson(JSON.parse(await archive.configOf(session.id)))) as unknown,
    after,
    from: Math.max(options.from ?? 1, after + 1),
    to,
    whole: after === 0 && range.whole,
    head: last.head,
  };

  const written = { lines: 0, events: 0, seals: 0, snapshots: 0 };
  const hash = createHash('sha256');
  let pieces: Buffer[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    options.signal?.throwIfAborted();
    const piece = Buffer.concat(pieces);
    pieces = [];
    size = 0;
    hash.update(piece);
    if (!into.write(piece)) await once(into, 'drain', options.signal === undefined ? {} : { signal: options.signal });
  };
  const put = (bytes: Buffer): void => {
    written.lines++;
    size += bytes.length;
    pieces.push(bytes);
  };

  put(jsonLine('M', manifest));
  if (before !== null) put(jsonLine('B', before));
  for (const service of CORE_SERVICES) {
    const begin = begins[service];
    if (begin === 0) {
      const start = await parentsLast(archive, session, service);
      if (start?.stored !== undefined) put(jsonLine('P', { ...start.stored, session: start.parent, position: start.position }));
    }
    for (const position of await archive.snapshotPositions(session.id, service)) {
      if (position <= 0 || position < (begin ?? Number.POSITIVE_INFINITY) || position > to) continue;
      const [stored] = await archive.snapshots(session.id, service, position, 1);
      if (stored?.position !== position) continue;
      put(jsonLine('S', stored));
      written.snapshots++;
      if (size > PIECE_BYTES) await flush();
    }
  }

  const rows = new RowReader(archive, session.id, after + 1, to);
  for (let at = after; at < to; ) {
    const seals = (await archive.seals(session.id, at + 1, SEALS)).filter((seal) => seal.to <= to);
    if (seals.length === 0)
      throw new Error(`${session.id} has no seal over position ${at + 1}: "arb verify" looks for what else is missing`);
    for (const seal of seals) {
      for (const row of await rows.upTo(seal.to)) {
        if (row.position !== ++at) throw missing(session.id, at);
        put(rowLine(row));
        written.events++;
      }
      // Retention may have taken what was there when this began.
      if (at !== seal.to) throw missing(session.id, at + 1);
      put(jsonLine('L', seal));
      written.seals++;
      if (size > PIECE_BYTES) await flush();
    }
    options.progress?.(at - after, to - after);
  }
  await flush();
  const trailer: Trailer = { ...written, sha256: hash.digest('hex') };
  into.write(jsonLine('Z', trailer));
  into.end();
  return { ...trailer, manifest };
}

function missing(session: string, position: number): Error {
  return new Error(
    `${session}: position ${position} is missing in the journal, so it cannot be exported: "arb verify" looks for what else is`,
  );
}
