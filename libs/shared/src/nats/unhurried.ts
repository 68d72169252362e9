import type { Socket } from 'node:net';
import type { NatsConnection } from '@nats-io/transport-node';

/** The client keeps its socket to itself; without it the connection is read as it comes, which is right too. */
function socketOf(nc: NatsConnection): Socket | null {
  const socket = (nc as unknown as { protocol?: { transport?: { socket?: Socket } } }).protocol?.transport?.socket;
  return typeof socket?.pause === 'function' && typeof socket.resume === 'function' ? socket : null;
}

/**
 * Looks into the socket only every so many ms. Every message wakes every reader of a stream, and waking costs more than
 * reading; whoever is not on the way from a book to an order leaves the processor to those who are.
 */
export function readUnhurried(nc: NatsConnection, everyMs: number): void {
  const socket = socketOf(nc);
  if (socket === null) return;
  const look = (): void => {
    if (nc.isClosed() || socket.destroyed) return;
    socket.resume();
    // What lies in the socket is read in this turn of the event loop; then it is left alone again.
    setImmediate(() => {
      if (nc.isClosed() || socket.destroyed) return;
      socket.pause();
      setTimeout(look, everyMs);
    });
  };
  look();
  // A connection that ends while it is not looked at must still be noticed, and closed in order.
  void nc.closed().then(() => socket.resume());
}
