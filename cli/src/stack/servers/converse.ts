import { connect } from 'node:net';
import { HOST } from '../ports.ts';

const WITHIN_MS = 1_000;
const MAX_BYTES = 64 * 1024;

/** Says one thing to a server and returns its answer; null when it is not there or does not answer soon. */
export function converse(port: number, say: string, isWhole: (said: string) => boolean): Promise<string | null> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect({ host: HOST, port, timeout: WITHIN_MS });
    const end = (answer: string | null): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => socket.write(say));
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      if (isWhole(said)) end(said);
      else if (said.length > MAX_BYTES) end(null);
    });
    socket.on('timeout', () => end(null));
    socket.on('error', () => end(null));
    socket.on('end', () => end(null));
  });
}
