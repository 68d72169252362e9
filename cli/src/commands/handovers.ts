import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ConfigError, configHash, loadConfig, type SessionConfig } from '@arb/shared/config';
import { openJournalReader } from '@arb/shared/journal';
import type { Output } from '../command.ts';
import { CHECKOUT } from '../stack/home.ts';
import type { Stack } from '../stack/stack.ts';
import { changesOf } from './changes.ts';
import { sessionOf, untilOver } from './live-session.ts';

/** What `arb handover` asks the process that runs the stack for. */
export interface Handovers {
  /** From now on they are made. Settles with a sentence when one has failed. */
  serve(stack: Stack, settings: NodeJS.ProcessEnv, config: SessionConfig, signal: AbortSignal): Promise<string>;
  close(): void;
}

export const HANDOVER_SIGNAL = 'SIGUSR2';

export function watchHandovers(output: Output): Handovers {
  let make: () => void = () => output.say('a handover was asked for before everything was up: ask again');
  const asked = (): void => make();
  process.on(HANDOVER_SIGNAL, asked);
  return {
    serve(stack, settings, first, signal) {
      let config = first;
      let busy = false;
      async function handOver(): Promise<void> {
        const next = wanted(settings, config);
        if (typeof next === 'string') {
          output.say(`no handover: ${next}`);
          stack.noHandover(next);
          return;
        }
        const from = stack.session() as string;
        const changed = await changes(stack.servers.postgres, from, configHash(next));
        output.say(`handing over, ${changed}: successors of all services start beside them`);
        await stack.handover({
          untilCut: ({ postgres }) => untilOver(postgres, from, signal),
          sessionOf: ({ postgres }) => sessionOf(postgres, configHash(next), from, signal),
          otherMarket: JSON.stringify(next.market) !== JSON.stringify(config.market),
        });
        if (stack.session() === from) return;
        config = next;
        output.say(`handed over: the session is ${stack.session()}`);
      }
      return new Promise((failed) => {
        make = () => {
          if (busy || signal.aborted) return;
          busy = true;
          handOver()
            .catch((error: Error) => {
              if (!signal.aborted) failed(`the handover failed: ${error.message}`);
            })
            .finally(() => {
              busy = false;
            });
        };
      });
    },
    close() {
      process.off(HANDOVER_SIGNAL, asked);
    },
  };
}

/** The configuration as its files say it now, or why the services cannot go on with it. */
function wanted(settings: NodeJS.ProcessEnv, present: SessionConfig): SessionConfig | string {
  try {
    const { session } = loadConfig({ env: { ...process.env, ...settings } });
    return session.market.source === present.market.source
      ? session
      : `market.source is ${session.market.source} now, and ${present.market.source} is what runs: stop and start instead`;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

/** What is another now than in the session that runs. Where it is nothing, there may still be a release of the code around the cores. */
async function changes(postgres: string, session: string, hash: string): Promise<string> {
  const versions = await versionsNow();
  const reader = openJournalReader(postgres);
  try {
    const row = await reader.session(session);
    if (row === null) throw new Error(`session ${session}, which runs here, is not in its journal`);
    return changesOf(row, hash, versions) ?? 'with the same configuration and the same cores';
  } finally {
    await reader.close();
  }
}

const VERSIONS = "import { CORE_VERSIONS } from '@arb/shared/core'; process.stdout.write(JSON.stringify(CORE_VERSIONS));";
const VERSIONS_WITHIN_MS = 20_000;

/** As the code on disk says them; this process has long loaded what was there when it started. */
async function versionsNow(): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', VERSIONS], {
    cwd: CHECKOUT,
    timeout: VERSIONS_WITHIN_MS,
  });
  return JSON.parse(stdout) as Record<string, string>;
}
