import type { Connection, Submittable } from 'pg';

const FRAME_BYTES = 64 * 1024;

/** What Postgres sends for a COPY … TO STDOUT, as it is. */
export class CopyTo implements Submittable {
  readonly done: Promise<Buffer>;
  private readonly sql: string;
  private readonly parts: Buffer[] = [];
  private resolve!: (bytes: Buffer) => void;
  private reject!: (error: Error) => void;

  constructor(sql: string) {
    this.sql = sql;
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  submit(connection: Connection): void {
    connection.query(this.sql);
  }
  handleCopyData(message: { readonly chunk: Buffer }): void {
    this.parts.push(Buffer.from(message.chunk));
  }
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCommandComplete(): void {}
  handleError(error: Error): void {
    this.reject(error);
  }
  handleReadyForQuery(): void {
    this.resolve(Buffer.concat(this.parts));
  }
}

/** The protocol's messages for a COPY … FROM STDIN of these bytes, ready to be written to the socket. */
export function framed(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += FRAME_BYTES) {
    const part = bytes.subarray(at, at + FRAME_BYTES);
    const head = Buffer.alloc(5);
    head[0] = 0x64;
    head.writeInt32BE(part.length + 4, 1);
    parts.push(head, part);
  }
  parts.push(Buffer.from([0x63, 0, 0, 0, 4]));
  return Buffer.concat(parts);
}

/** A COPY … FROM STDIN with its messages already made: nothing but the server's work and the way there. */
export class CopyFrom implements Submittable {
  readonly done: Promise<void>;
  private readonly sql: string;
  private readonly messages: readonly Buffer[];
  private resolve!: () => void;
  private reject!: (error: Error) => void;

  constructor(sql: string, messages: readonly Buffer[]) {
    this.sql = sql;
    this.messages = messages;
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  submit(connection: Connection): void {
    connection.query(this.sql);
    for (const message of this.messages) connection.stream.write(message);
  }
  handleCopyInResponse(): void {}
  handleCommandComplete(): void {}
  handleError(error: Error): void {
    this.reject(error);
  }
  handleReadyForQuery(): void {
    this.resolve();
  }
}
