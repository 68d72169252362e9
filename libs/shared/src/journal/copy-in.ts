import type { Connection, Submittable } from 'pg';

/**
 * A query whose statements end in COPY … FROM STDIN, sent together with all of its data: one round trip for the whole
 * transaction. Statements in one query string are one transaction, and a server that has refused one of them skips
 * the data that follows.
 */
export class CopyIn implements Submittable {
  readonly done: Promise<void>;
  readonly #sql: string;
  readonly #data: readonly Uint8Array[];
  #resolve!: () => void;
  #reject!: (error: Error) => void;

  constructor(sql: string, data: readonly Uint8Array[]) {
    this.#sql = sql;
    this.#data = data;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: Connection): void {
    connection.stream.cork();
    connection.query(this.#sql);
    for (const part of this.#data) connection.stream.write(part);
    connection.stream.uncork();
  }

  // What the driver calls; the data is already on its way, so most of it needs no answer.
  handleCopyInResponse(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCommandComplete(): void {}
  handleError(error: Error): void {
    this.#reject(error);
  }
  handleReadyForQuery(): void {
    this.#resolve();
  }
}
