import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type RedisServer, startRedis } from '@arb/alerting/testing';
import { Redis } from 'ioredis';
import { RATE } from './numbers.ts';
import { type People, people } from './people.ts';

/** What is done to the delivery while it runs; `ms` is how long the alerts are being raised. */
export interface Chaos {
  readonly name: string;
  readonly flatOut?: true;
  run(scene: Scene, ms: number): Promise<void>;
}

export interface Scene {
  readonly redis: RedisServer;
  readonly people: People;
  killWorker(): Promise<void>;
  flush(): Promise<void>;
  /** Keeps a core busy for 80 of 100 ms, on as many cores as there are. */
  burn(ms: number): Promise<void>;
}

const GONE_MS = 5_000;
export const goneMs = (ms: number): number => Math.min(GONE_MS, ms / 4);

async function redisGone({ redis }: Scene, ms: number): Promise<void> {
  await redis.kill();
  await sleep(goneMs(ms));
  await redis.restart();
}
async function redisRestarted({ redis }: Scene): Promise<void> {
  await redis.kill();
  await redis.restart();
}
async function channelDead({ people }: Scene, ms: number): Promise<void> {
  await people.die();
  await sleep(goneMs(ms));
  await people.revive();
}

/** What everything else is held to. */
export const CALM: Chaos = { name: 'nothing happens', run: async () => {} };
/** How fast the queue is when nobody paces it. */
export const FLAT_OUT: Chaos = { name: 'as fast as it goes', flatOut: true, run: async () => {} };

export const CHAOS: readonly Chaos[] = [
  { name: 'Redis gone', run: redisGone },
  { name: 'Redis restarted', run: redisRestarted },
  {
    name: 'Redis emptied',
    async run(scene, ms) {
      await scene.flush();
      await sleep(ms / 5);
      await scene.flush();
    },
  },
  { name: 'channel dead', run: channelDead },
  { name: 'every processor 80 % busy with something else', run: (scene, ms) => scene.burn(ms / 2) },
  {
    name: 'worker killed',
    async run(scene, ms) {
      await scene.killWorker();
      await sleep(ms / 5);
      await scene.killWorker();
    },
  },
  {
    name: 'all of it together',
    async run(scene, ms) {
      await Promise.all([
        redisGone(scene, ms),
        scene.burn(ms / 2),
        sleep(ms / 8).then(() => channelDead(scene, ms)),
        sleep(ms / 6).then(() => scene.killWorker()),
      ]);
      await scene.flush();
    },
  },
];

export interface Survived {
  readonly name: string;
  readonly count: number;
  readonly lost: number;
  readonly repeated: number;
  /** From the first that was raised to the last that came. */
  readonly seconds: number;
  /** Of these, the channel took nothing for so long: no queue could have delivered then. */
  readonly deadSeconds: number;
  readonly perSecond: number;
  /** The rest is of the worker that was there at the end. How many Redis has said that it took. */
  readonly persisted: number;
  /** Of the raises, how many took longer than a millisecond. */
  readonly slowShare: number;
  readonly peakMb: number;
  /** What was alive when half had come; null where that was an earlier worker. And when all had. */
  readonly halfMb: number | null;
  readonly endMb: number;
}

type Costs = Pick<Survived, 'persisted' | 'slowShare' | 'peakMb' | 'halfMb' | 'endMb'>;

/** The same distance from `src/alerts` and from `dist/alerts`: a process of its own runs what is compiled. */
const WORKER = fileURLToPath(new URL('../../dist/alerts/worker.js', import.meta.url));
const BURNER =
  'const end = Date.now() + Number(process.argv[1]); while (Date.now() < end) { const busy = Date.now() + 80; while (Date.now() < busy); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20); }';
const CORES = 2;
const NO_NEWS_MS = 60_000;

/** Raises so many alerts while that happens, and says what came of them. */
export async function survive(chaos: Chaos, count: number): Promise<Survived> {
  const folder = mkdtempSync(join(tmpdir(), 'arb-alerts-'));
  const redis = await startRedis();
  const channel = await people(count);
  const ms = (count / RATE) * 1000;
  let startMs = Date.now() + 500;
  let worker = start();

  function start(): ChildProcess {
    const delivered = join(folder, 'delivered');
    writeFileSync(
      delivered,
      channel.times.map((times) => Math.min(1, times)),
    );
    const task = { redis: redis.url, session: 's1', channelPort: channel.port, startMs, count, delivered, flatOut: chaos.flatOut === true };
    return spawn(process.execPath, ['--expose-gc', WORKER, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  const scene: Scene = {
    redis,
    people: channel,
    async killWorker() {
      const gone = once(worker, 'exit');
      worker.kill('SIGKILL');
      await gone;
      worker = start();
    },
    async flush() {
      const admin = new Redis(redis.url, { maxRetriesPerRequest: 1 });
      admin.on('error', () => {}); // the command under way rejects as well
      await admin.flushall();
      admin.disconnect();
    },
    async burn(burnMs) {
      const burners = Array.from({ length: CORES }, () => spawn(process.execPath, ['-e', BURNER, String(burnMs)], { stdio: 'ignore' }));
      await Promise.all(burners.map((burner) => once(burner, 'exit')));
    },
  };
  try {
    if (chaos.flatOut === true) startMs = Date.now();
    const until = sleep(Math.max(0, startMs - Date.now()) + ms / 5).then(() => chaos.run(scene, ms));
    const [all] = await Promise.allSettled([Promise.all([channel.all(NO_NEWS_MS), until])]);
    const seconds = (Date.now() - startMs) / 1000;
    const said = once(worker.stdout as NodeJS.ReadableStream, 'data');
    worker.kill('SIGTERM');
    const costs = JSON.parse(String((await said)[0])) as Costs;
    const lost = count - channel.received();
    if (all.status === 'rejected' && lost === 0) throw all.reason;
    return {
      name: chaos.name,
      count,
      lost,
      repeated: channel.times.filter((times) => times > 1).length,
      seconds,
      deadSeconds: channel.deadMs() / 1000,
      perSecond: count / seconds,
      ...costs,
    };
  } finally {
    worker.kill('SIGKILL');
    await channel.die();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
