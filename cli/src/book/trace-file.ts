import { closeSync, openSync, writeSync } from 'node:fs';
import type { TraceLine } from './trace.ts';

const BUFFERED = 1024 * 1024;

/** A file of one line of JSON for each book message, written in large pieces. */
export function openTrace(path: string): { readonly line: (line: TraceLine) => void; readonly close: () => void } {
  let file: number;
  try {
    file = openSync(path, 'w');
  } catch (cause) {
    throw new Error(`cannot write the trace ${path}: ${(cause as Error).message}`, { cause });
  }
  let pending: string[] = [];
  let length = 0;
  const flush = (): void => {
    const bytes = Buffer.from(pending.join(''));
    pending = [];
    length = 0;
    for (let from = 0; from < bytes.length; ) from += writeSync(file, bytes, from);
  };
  return {
    line(line) {
      const text = `${JSON.stringify(line)}\n`;
      pending.push(text);
      length += text.length;
      if (length >= BUFFERED) flush();
    },
    close() {
      try {
        flush();
      } finally {
        closeSync(file);
      }
    },
  };
}
