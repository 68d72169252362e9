import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type Recorded, type RecordedFile, readLines } from './lines.ts';

/** Of one file, unpacked: what is longer wants to be cut first. */
const MOST_BYTES = 400 * 1024 * 1024;

export interface Recording {
  readonly entries: readonly Recorded[];
  readonly unreadable: number;
}

/** Several files are one stream, in their order; plain or gzip. */
export function readRecording(paths: readonly string[], venue: string): Recording {
  const files = paths.map((path) => readLines(textOf(path), venue));
  return { entries: inOrder(files), unreadable: files.reduce((sum, { unreadable }) => sum + unreadable, 0) };
}

function textOf(path: string): string {
  try {
    const bytes = readFileSync(path);
    const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const plain = packed ? gunzipSync(bytes, { maxOutputLength: MOST_BYTES }) : bytes;
    if (plain.length > MOST_BYTES) throw new RangeError(`has ${plain.length} bytes, at most ${MOST_BYTES} are read`);
    return plain.toString('utf8');
  } catch (cause) {
    throw new Error(`cannot read the recording ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** A file whose lines are grouped by connection is sorted by time; and so are files together whose times overlap. */
export function inOrder(files: readonly RecordedFile[]): readonly Recorded[] {
  const groups: { entries: Recorded[]; timed: boolean; from: number; to: number }[] = [];
  for (const { entries, timed } of files) {
    const times = timed ? entries.flatMap(({ at }) => (at === null ? [] : [at])) : [];
    const from = times.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY);
    const to = times.reduce((most, at) => Math.max(most, at), Number.NEGATIVE_INFINITY);
    const last = groups.at(-1);
    if (last?.timed && timed && from <= last.to && to >= last.from) {
      last.entries = last.entries.concat(entries);
      last.from = Math.min(last.from, from);
      last.to = Math.max(last.to, to);
    } else groups.push({ entries: [...entries], timed, from, to });
  }
  for (const group of groups) if (group.timed) group.entries.sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
  return groups.flatMap(({ entries }) => entries);
}
