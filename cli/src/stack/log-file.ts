import { closeSync, fstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';

const MAX_BYTES = 10 * 1024 * 1024;
const OLD_FILES = 3;

export interface LogFile {
  write(chunk: Uint8Array): void;
  close(): void;
}

/** `x.log`, and the ones before it as `x.log.1` … `x.log.3`: never more than four times the bound. */
export function openLog(path: string, maxBytes = MAX_BYTES): LogFile {
  let file: number | null = openSync(path, 'a', 0o640);
  let size = fstatSync(file).size;
  function rotate(): void {
    if (file !== null) closeSync(file);
    rmSync(`${path}.${OLD_FILES}`, { force: true });
    for (let i = OLD_FILES - 1; i >= 0; i--) moveIfThere(i === 0 ? path : `${path}.${i}`, `${path}.${i + 1}`);
    file = openSync(path, 'a', 0o640);
    size = 0;
  }
  return {
    write(chunk) {
      if (file === null) return;
      if (size > 0 && size + chunk.length > maxBytes) rotate();
      for (let done = 0; done < chunk.length; ) done += writeSync(file, chunk, done);
      size += chunk.length;
    },
    close() {
      if (file !== null) closeSync(file);
      file = null;
    },
  };
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
