import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import type { Hosted } from './hosted.ts';

/**
 * NestJS' door to the session stream. Nest wires, configures and ends the process; the data path behind `hosted` is
 * its own ordered, synchronous one, because Nest's transporters do not await handlers and know no JetStream.
 */
export class SessionTransport extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol('session-stream');
  private readonly hosted: Hosted;
  private readonly failed: (error: Error) => void;

  constructor(hosted: Hosted, failed: (error: Error) => void) {
    super();
    this.hosted = hosted;
    this.failed = failed;
  }

  /** Listening begins at once; whether the stream is there yet is what readiness says. */
  listen(callback: () => void): void {
    this.hosted.start().catch(this.failed);
    callback();
  }

  close(): Promise<void> {
    return this.hosted.stop();
  }

  override on(): never {
    throw new Error('the session stream emits no transport events: look at /readyz and /metrics');
  }

  override unwrap<T>(): T {
    return this.hosted as T;
  }
}
