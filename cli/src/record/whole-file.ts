import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** Market data shrinks to a tenth by it; more would cost more than it saves. */
const GZIP_LEVEL = 3;

/** Compresses what `write` says into a file that is there whole, or not at all. */
export async function writeWhole<T>(
  file: string,
  write: (into: Writable, signal: AbortSignal) => Promise<T>,
  interrupted: AbortSignal,
): Promise<T> {
  // Under another name until it is whole.
  const unfinished = `${file}.unfinished`;
  const broken = new AbortController();
  const gzip = createGzip({ level: GZIP_LEVEL });
  const written = pipeline(gzip, createWriteStream(unfinished, { mode: 0o600 }));
  written.catch((error: NodeJS.ErrnoException) => broken.abort(notWritten(file, error)));
  try {
    const done = await write(gzip, AbortSignal.any([interrupted, broken.signal]));
    await written;
    renameSync(unfinished, file);
    return done;
  } catch (error) {
    // Whichever was first: the writer that stumbles over a full disk is not the reason.
    const reason = broken.signal.aborted ? broken.signal.reason : error;
    gzip.destroy();
    await written.catch(() => {});
    if (existsSync(unfinished)) rmSync(unfinished, { force: true });
    throw reason;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'there is no such folder',
  EACCES: 'you may not write there',
  EPERM: 'you may not write there',
  EROFS: 'nothing can be written there',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk is full',
  EISDIR: 'it is a folder',
};

function notWritten(file: string, error: NodeJS.ErrnoException): Error {
  const why = REASONS[error.code ?? ''] ?? error.message;
  return new Error(`${file} cannot be written: ${why}; name another place with -o. Nothing of it is left.`, { cause: error });
}
