import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { AlertQueue, type Queued, queueKeys, RedisQueue } from '@arb/alerting/delivery';
import { realTime } from '@arb/shared/hosting';
import { bodyOf, dueAt } from './numbers.ts';

/**
 * One process of the delivery: raises what is due, delivers it to a channel over a socket, and says at its end what raising
 * has cost. It may be killed at any time; the next one is told, as the stream would tell it, what was delivered before.
 */
interface Task {
  readonly redis: string;
  readonly session: string;
  readonly channelPort: number;
  readonly startMs: number;
  readonly count: number;
  /** File with one byte a position: 1 where it was delivered before. */
  readonly delivered: string;
  /** All at once instead of at their pace. */
  readonly flatOut: boolean;
}

const task = JSON.parse(process.argv[2] as string) as Task;
const settled = new Uint8Array(readFileSync(task.delivered));
let delivered = settled.reduce((sum, one) => sum + one, 0);
const PACE_MS = 5;
const MEMORY_MS = 100;
const RETRY_MS = 50;

/** Lines out, the same lines back: that is how the channel takes a message. */
class Channel {
  private socket: Socket | null = null;
  private unsent = '';
  private readonly open = new Map<number, () => void>();
  private readonly failing = new Map<number, (error: Error) => void>();

  async send(position: number): Promise<void> {
    for (;;) {
      try {
        return await this.once(position);
      } catch {
        // The channel's server is away: that is what the proof does to it, and it looks at whether all arrive in the end.
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  private once(position: number): Promise<void> {
    if (this.socket === null) this.connect();
    return new Promise((resolve, reject) => {
      this.open.set(position, resolve);
      this.failing.set(position, reject);
      if (this.unsent === '') setImmediate(() => this.flush());
      this.unsent += `${position}\n`;
    });
  }

  /** All of one turn in one write: a system call for each would be the most of what an alert costs here. */
  private flush(): void {
    const text = this.unsent;
    this.unsent = '';
    if (text !== '') this.socket?.write(text);
  }

  private connect(): void {
    const socket = connect(task.channelPort, '127.0.0.1');
    this.socket = socket;
    const lines = createInterface({ input: socket });
    lines.on('error', () => {}); // as the socket's own
    lines.on('line', (line) => {
      const position = Number(line);
      this.open.get(position)?.();
      this.open.delete(position);
      this.failing.delete(position);
    });
    socket.on('error', () => {}); // it closes as well, and that is where it is looked at
    socket.on('close', () => {
      this.socket = null;
      this.unsent = '';
      for (const reject of this.failing.values()) reject(new Error('the channel is away'));
      this.open.clear();
      this.failing.clear();
    });
  }
}

const channel = new Channel();
const due = (): number => (task.flatOut ? task.count : dueAt(task.startMs, task.count, Date.now()));
const entry = (position: number): Queued => ({ position, body: bodyOf(position) });

let persisted = 0;
/** Counts what Redis has said that it took. */
class CountedQueue extends RedisQueue {
  override async add(entries: readonly Queued[]): Promise<readonly Queued[]> {
    const known = await super.add(entries);
    persisted += entries.length - known.length;
    return known;
  }
}

const queue = new AlertQueue({
  redis: new CountedQueue(task.redis, queueKeys('proof', task.session), `worker-${process.pid}`),
  time: realTime,
  async backlog(from, limit) {
    const page: Queued[] = [];
    for (let position = from; position <= due() && page.length < limit; position++) page.push(entry(position));
    return page;
  },
  committed: due,
  mayAct: () => true,
  settled: ({ position }) => settled[position] === 1,
  async deliver({ position }) {
    await channel.send(position);
    settled[position] = 1;
    delivered++;
  },
  changed: () => {},
  atOnce: 500,
});
queue.start();

let raised = 0;
let slow = 0;
let raises = 0;
let peakMb = 0;
/** What is alive half-way, and at the end. */
let halfMb: number | null = null;
const MB = 1024 * 1024;
const aliveMb = (): number => {
  (globalThis as { readonly gc?: () => void }).gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MB;
};
const raiseDue = (): void => {
  const to = due();
  while (raised < to) {
    raised++;
    if (settled[raised] === 1) continue;
    const from = performance.now();
    queue.raise(entry(raised));
    raises++;
    if (performance.now() - from > 1) slow++;
  }
  if (halfMb === null && delivered >= task.count / 2) halfMb = aliveMb();
};
setInterval(raiseDue, PACE_MS);
// Asking takes longer than a raise does.
setInterval(() => {
  peakMb = Math.max(peakMb, process.memoryUsage.rss() / MB);
}, MEMORY_MS);
process.on('SIGTERM', () => {
  const costs = { slowShare: slow / Math.max(1, raises), persisted, peakMb, halfMb, endMb: aliveMb() };
  process.stdout.write(`${JSON.stringify(costs)}\n`, () => process.exit(0));
});
