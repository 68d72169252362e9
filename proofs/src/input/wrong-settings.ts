import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Findings } from '../findings.ts';
import { BUSY } from '../kills/kills.ts';
import { runProgram } from '../stack/command.ts';
import type { LiveStack } from '../stack/live-stack.ts';

const EXIT_CONFIG = 78;
const RISK = join('services', 'risk', 'dist', 'main.js');
const JOURNAL = join('services', 'journal', 'dist', 'main.js');
const LOOK_MS = 90_000;
const STACK_LINE = /^\s+at .+:\d+/m;

interface Refusal {
  readonly what: string;
  readonly settings: NodeJS.ProcessEnv;
  /** What was wrong, where, and what to do: all of it is said. */
  readonly says: readonly string[];
}

/** The configuration cannot be used: the process says so and ends with the exit code that is not restarted. */
export async function claimRefused(stack: LiveStack, findings: Findings): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'arb-config-'));
  const file = join(folder, 'mine.yaml');
  writeFileSync(file, 'risk:\n  maxExposur: "100"\n');
  const broken = join(folder, 'broken.yaml');
  writeFileSync(broken, 'risk: [1,\n');
  const port = Number(new URL(stack.program('risk').url as string).port);
  const refusals: readonly Refusal[] = [
    {
      what: 'a misspelt variable',
      settings: { ARB_RISK_MAX_EXPOSUR: '1' },
      says: ['ARB_RISK_MAX_EXPOSUR', 'did you mean ARB_RISK_MAX_EXPOSURE'],
    },
    { what: 'a misspelt key in a file', settings: { ARB_CONFIG: file }, says: ['maxExposur', 'maxExposure', file] },
    { what: 'a file that is no YAML', settings: { ARB_CONFIG: broken }, says: [broken] },
    { what: 'a file that is not there', settings: { ARB_CONFIG: join(folder, 'none.yaml') }, says: ['none.yaml', 'ARB_CONFIG'] },
    {
      what: 'a value of the wrong kind',
      settings: { ARB_MARKET_BOOKS_PER_SECOND: 'many' },
      says: ['market.booksPerSecond', 'many', 'ARB_MARKET_BOOKS_PER_SECOND'],
    },
    { what: 'a value out of range', settings: { ARB_RISK_MAX_EXPOSURE: '-5' }, says: ['risk.maxExposure', '-5', 'ARB_RISK_MAX_EXPOSURE'] },
    { what: 'an unknown environment', settings: { ARB_ENV: 'papr' }, says: ['papr', 'did you mean paper'] },
    {
      what: 'a port that is taken',
      settings: { ...addresses(stack), ARB_HTTP_PORT: String(port) },
      says: [String(port), 'taken', 'ARB_HTTP_PORT'],
    },
  ];
  try {
    for (const { what, settings, says } of refusals) {
      const { code, err } = await runProgram(RISK, [], { ARB_HTTP_PORT: '0', ...settings }, { withinMs: LOOK_MS });
      const unsaid = says.filter((word) => !err.includes(word));
      findings.claim(
        code === EXIT_CONFIG && unsaid.length === 0 && !STACK_LINE.test(err),
        `${what}: exit code ${code}, ${unsaid.length === 0 ? 'says' : `does not say ${unsaid.join(', ')}, but`} ${JSON.stringify(err.trim().slice(0, 400))}`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Waiting {
  readonly what: string;
  readonly program: string;
  readonly settings: NodeJS.ProcessEnv;
  readonly says: RegExp;
  /** The exit code with which it ends at once; left out where it goes on trying. */
  readonly ends?: number;
}

/** A server that is away may come: the process says what it waits for, where, and what to do, and goes on trying. */
export async function claimWaits(stack: LiveStack, findings: Findings): Promise<void> {
  const closed = await closedPort();
  const nats = `nats://127.0.0.1:${closed}`;
  const postgres = `postgres://arb:secret-word@127.0.0.1:${closed}/arb`;
  const cases: readonly Waiting[] = [
    {
      what: 'NATS is not there',
      program: RISK,
      settings: { ...addresses(stack), ARB_NATS_URL: nats },
      says: new RegExp(`no connection to NATS at ${nats}.*is nats-server running there`),
    },
    {
      what: 'Postgres is not there',
      program: RISK,
      settings: { ...addresses(stack), ARB_POSTGRES_URL: postgres },
      says: new RegExp(`127\\.0\\.0\\.1:${closed}`),
    },
    {
      what: 'Postgres is not there for the journal',
      program: JOURNAL,
      settings: {
        ...addresses(stack),
        ARB_NATS_USER: 'journal',
        ARB_NATS_PASSWORD: stack.passwordOf('journal'),
        ARB_POSTGRES_URL: postgres,
      },
      says: new RegExp(`127\\.0\\.0\\.1:${closed}`),
    },
    {
      what: 'the NATS password is wrong',
      program: RISK,
      settings: { ...addresses(stack), ARB_NATS_PASSWORD: 'wrong' },
      says: /refuses the login: unknown user or wrong password; compare/,
      // Waiting would not make the password right.
      ends: 78,
    },
  ];
  for (const { what, program, settings, says, ends } of cases) {
    const { code, out, err } = await runProgram(program, [], settings, {
      withinMs: LOOK_MS,
      ...(ends === undefined ? { enough: (said: string) => new RegExp(`${says.source}.*\n`).test(said) } : {}),
    });
    const said = `${out}${err}`;
    const line = said.split('\n').find((candidate) => says.test(candidate));
    findings.claim(
      line !== undefined && !STACK_LINE.test(err) && !said.includes('secret-word') && (ends === undefined || code === ends),
      `${what}: ${line === undefined ? `not said within ${LOOK_MS / 1_000} s (exit code ${code}); it said ${said.slice(-400)}` : `on ${err.includes(line) ? 'stderr' : 'stdout'} ${line.slice(0, 400)}`}`,
    );
  }
}

/** As the stack's own services are started: a process of other settings would wait for a session of its own. */
function addresses(stack: LiveStack): NodeJS.ProcessEnv {
  return {
    ...BUSY,
    ARB_NATS_URL: stack.natsUrl,
    ARB_NATS_USER: 'risk',
    ARB_NATS_PASSWORD: stack.passwordOf('risk'),
    ARB_POSTGRES_URL: stack.postgresUrl,
    ARB_REDIS_URL: stack.redisUrl,
    ARB_HOME: stack.home.folder,
    ARB_HTTP_PORT: '0',
    ARB_REPLICA: '1',
  };
}

/** A port on which nothing listens, now and most likely for the next seconds. */
function closedPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
