import { Buffer } from 'node:buffer';
import { PassThrough, type Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { MOST_LINE_BYTES } from './format.ts';

const NEWLINE = 0x0a;

/** The file is not what was exported, or cannot be had; says where. */
export class NotImported extends Error {
  override readonly name = 'NotImported';
}

/** Undoes the compression that the first bytes tell of: gzip, zstd where this Node.js has it, or none. */
export async function decompressed(source: Readable): Promise<Readable> {
  const head = await firstBytes(source);
  const into = decompressor(head);
  source.on('error', (error) => into.destroy(error));
  source.pipe(into);
  return into;
}

function decompressor(head: Buffer): NodeJS.ReadWriteStream & Readable & { destroy(error?: Error): unknown } {
  if (head[0] === 0x1f && head[1] === 0x8b) return zlib.createGunzip();
  if (head.readUInt32LE(0) === 0xfd2fb528) {
    const { createZstdDecompress } = zlib as unknown as { readonly createZstdDecompress?: () => zlib.Gunzip };
    if (createZstdDecompress === undefined)
      throw new NotImported(
        `the file is compressed by zstd, which Node.js ${process.version} cannot read: decompress it first ("zstd -d")`,
      );
    return createZstdDecompress();
  }
  return new PassThrough();
}

async function firstBytes(source: Readable): Promise<Buffer> {
  let head = Buffer.alloc(0);
  while (head.length < 4) {
    const chunk = (await nextChunk(source)) as Buffer | null;
    if (chunk === null) break;
    head = Buffer.concat([head, chunk]);
  }
  source.unshift(head);
  if (head.length < 4) throw new NotImported(head.length === 0 ? 'the file is empty' : 'the file is too short to be an exported session');
  return head;
}

function nextChunk(source: Readable): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const chunk: unknown = source.read();
      if (chunk === null && !source.readableEnded) return;
      done(() => resolve(chunk));
    };
    const end = (): void => done(() => resolve(null));
    const fail = (error: Error): void => done(() => reject(error));
    const done = (call: () => void): void => {
      source.off('readable', look).off('end', end).off('error', fail);
      call();
    };
    source.on('readable', look).on('end', end).on('error', fail);
    look();
  });
}

/** Lines of bytes without their newline. The last one must have had one: a file that was cut off says so. */
export async function* linesOf(source: Readable): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let length = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, from);
      if (end < 0) break;
      const tail = chunk.subarray(from, end);
      yield rest.length === 0 ? tail : Buffer.concat([...rest, tail]);
      rest = [];
      length = 0;
      from = end + 1;
    }
    if (from === chunk.length) continue;
    rest.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > MOST_LINE_BYTES) throw new NotImported(`a line is longer than ${MOST_LINE_BYTES} bytes: this is no exported session`);
  }
  if (length > 0) yield Buffer.concat(rest);
}
