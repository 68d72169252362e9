import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionConfig } from '@arb/shared/config';
import { configHash, loadConfig } from '@arb/shared/config';
import { migrate, openJournalReader } from '@arb/shared/journal';
import { type Command, EXIT_FAILED, EXIT_GOOD, type Given, type Output } from '../command.ts';
import { onInterrupt } from '../interrupts.ts';
import { parseChoice, parseDuration } from '../parse.ts';
import { homeOf } from '../stack/home.ts';
import { planServices } from '../stack/services.ts';
import { type Stack, startStack } from '../stack/stack.ts';
import { type JournalSummary, summarise } from '../summary/summary.ts';
import { announce } from './announce.ts';
import { type Handovers, watchHandovers } from './handovers.ts';
import { sessionOf } from './live-session.ts';
import { requireResumable, requireSession } from './resume.ts';

const MARKETS = ['simulated', 'live', 'recording'] as const;
/** Two sessions' streams during a cut, and room for the server's own files. */
const STREAMS_AT_ONCE = 3;

export const start: Command = {
  name: 'start',
  says: 'runs the whole paper stack, until Ctrl-C',
  words: [{ name: 'SESSION', optional: true }],
  flags: {
    market: { type: 'string', value: MARKETS.join('|'), says: 'where market data comes from; else as configured' },
    config: { type: 'string', value: 'FILE', says: 'a configuration file over that of the environment' },
    clean: { type: 'boolean', says: 'a new session, instead of going on with the last one' },
    resume: { type: 'boolean', says: 'only if there is a session to go on with, and if it is SESSION where one is named' },
    standby: { type: 'boolean', says: 'a second replica of each core service' },
    for: { type: 'string', value: 'DURATION', says: 'stops by itself after 30s, 5m, 2h' },
    json: { type: 'boolean', says: 'one line of JSON about the run on stdout, at its end' },
  },
  run: runStart,
};

/** What ended the run: time was up, someone asked for it, or it could not go on. */
type ExitReason = 'duration' | 'interrupted' | `failed: ${string}`;
type Summary = JournalSummary & { readonly session: string | null; readonly restarts: number; readonly exitReason: ExitReason };

async function runStart(given: Given, output: Output): Promise<number> {
  const forMs = typeof given.flags.for === 'string' ? parseDuration('for', given.flags.for) : null;
  const json = given.flags.json === true;
  requireResumable(given);
  const settings = settingsOf(given);
  const interrupts = watchInterrupts(output);
  const handovers = watchHandovers(output);
  try {
    const config = loadConfig({ env: { ...process.env, ...settings } }).session;
    const summary = await run(given, output, settings, config, forMs, interrupts, handovers);
    if (json) output.out(JSON.stringify(summary));
    if (!summary.exitReason.startsWith('failed')) return EXIT_GOOD;
    output.say(summary.exitReason);
    return EXIT_FAILED;
  } catch (error) {
    if (!interrupts.signal.aborted || error !== interrupts.signal.reason) {
      if (json) output.out(JSON.stringify({ ...EMPTY, exitReason: `failed: ${(error as Error).message}` } satisfies Summary));
      throw error;
    }
    if (json) output.out(JSON.stringify({ ...EMPTY, exitReason: 'interrupted' } satisfies Summary));
    output.say('stopped before everything was up');
    return EXIT_GOOD;
  } finally {
    interrupts.close();
    handovers.close();
  }
}

async function run(
  given: Given,
  output: Output,
  settings: NodeJS.ProcessEnv,
  config: SessionConfig,
  forMs: number | null,
  interrupts: Interrupts,
  handovers: Handovers,
): Promise<Summary> {
  const began = performance.now();
  const clean = given.flags.clean === true;
  let before: Standing = { session: null, head: 0 };
  const stack = await startStack({
    home: homeOf(),
    say: (line) => output.say(line),
    services: planServices,
    settings,
    market: config.market.source,
    standby: given.flags.standby === true,
    clean,
    maxStore: config.journal.streamMaxBytes * STREAMS_AT_ONCE,
    beforeServices: async ({ postgres }) => {
      await migrate(postgres);
      before = await standing(postgres);
      if (given.flags.resume === true) await requireSession(postgres, given.words[0], config, (line) => output.say(line));
    },
    sessionOf: ({ postgres }) => sessionOf(postgres, configHash(config), clean ? before.session : null, interrupts.signal),
    signal: interrupts.signal,
  });
  interrupts.hurryWith(() => stack.hurry());
  let restarts = 0;
  try {
    announce(stack, before.session, clean, performance.now() - began, (line) =>
      given.flags.json === true ? output.say(line) : output.out(line),
    );
    const exitReason = await untilEnd(stack, forMs, interrupts.signal, handovers.serve(stack, settings, config, interrupts.signal));
    restarts = stack.restarts();
    output.say('stopping');
    await stack.stopServices();
    const summary = given.flags.json === true ? await journalSummary(stack, before) : { ...EMPTY, session: stack.session() };
    return { ...summary, restarts, exitReason };
  } finally {
    await stack.stop();
    output.say(`stopped; the next start goes on with ${stack.session() ?? 'a new session'}`);
  }
}

function untilEnd(stack: Stack, forMs: number | null, signal: AbortSignal, handoverFailed: Promise<string>): Promise<ExitReason> {
  const timer = new AbortController();
  const ends: Promise<ExitReason>[] = [
    stack.failed.then((sentence): ExitReason => `failed: ${sentence}`),
    handoverFailed.then((sentence): ExitReason => `failed: ${sentence}`),
    new Promise((resolve) => {
      if (signal.aborted) resolve('interrupted');
      signal.addEventListener('abort', () => resolve('interrupted'), { once: true });
    }),
  ];
  // Rejects only when it is no longer wanted.
  if (forMs !== null) ends.push(sleep(forMs, 'duration' as const, { signal: timer.signal }).catch(() => 'interrupted' as const));
  return Promise.race(ends).finally(() => timer.abort());
}

const EMPTY: Summary = {
  session: null,
  events: {},
  firstPosition: null,
  lastPosition: null,
  latencyMs: { 'receive→stream': null, 'book→l2': null, 'l2→decision': null, 'decision→verdict': null, 'verdict→order': null },
  restarts: 0,
  exitReason: 'interrupted',
};

interface Standing {
  readonly session: string | null;
  readonly head: number;
}

async function standing(postgres: string): Promise<Standing> {
  const reader = openJournalReader(postgres);
  try {
    const session = await reader.currentSession();
    return session === null ? { session: null, head: 0 } : { session: session.id, head: await reader.head(session.id) };
  } finally {
    await reader.close();
  }
}

/** Of this run: a session that went on is counted from where it stood before. A cut may have brought a child meanwhile. */
async function journalSummary(stack: Stack, before: Standing): Promise<JournalSummary & { readonly session: string | null }> {
  const { session } = await standing(stack.servers.postgres);
  if (session === null) return { ...EMPTY, session };
  return { session, ...(await summarise(stack.servers.postgres, session, session === before.session ? before.head + 1 : 1)) };
}

function settingsOf(given: Given): NodeJS.ProcessEnv {
  const { market, config } = given.flags;
  return {
    ...(typeof market === 'string' ? { ARB_MARKET_SOURCE: parseChoice('market', market, MARKETS) } : {}),
    ...(typeof config === 'string' ? { ARB_CONFIG: resolve(config) } : {}),
  };
}

interface Interrupts {
  readonly signal: AbortSignal;
  hurryWith(hurry: () => void): void;
  close(): void;
}

function watchInterrupts(output: Output): Interrupts {
  const controller = new AbortController();
  let hurry = (): void => {};
  const close = onInterrupt(
    () => controller.abort(new Error('interrupted')),
    () => {
      output.say('stopping at once');
      hurry();
    },
  );
  return {
    signal: controller.signal,
    hurryWith(call) {
      hurry = call;
    },
    close,
  };
}
