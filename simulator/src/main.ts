import { ConfigError, loadConfig } from '@arb/shared/config';
import { readScript } from './control/script.ts';
import type { ProfileName } from './market/index.ts';
import { recordingPlans } from './recording/plan.ts';
import { type Say, sayTo, startSimulator } from './server/index.ts';

/** As the services do: a restart would change nothing, a person must. */
const EXIT_CONFIG = 78;

let say: Say = sayTo((line) => process.stdout.write(line), 'info');

try {
  // None of these is a setting of the system: they are for whoever examines it.
  const {
    ARB_SIMULATOR_LOG: logPath,
    ARB_SIMULATOR_PROFILE: profile,
    ARB_SIMULATOR_FAULTS: script,
    ARB_SIMULATOR_RECORDING: recordings,
    ...env
  } = process.env;
  const { infrastructure, session } = loadConfig({ env });
  say = sayTo((line) => process.stdout.write(line), infrastructure.logLevel);
  const { hostname, port } = new URL(infrastructure.simulatorUrl);
  const simulator = await startSimulator({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 80),
    market: profile ? { ...session.market, profile: profile as ProfileName } : session.market,
    logPath: logPath || null,
    faults: script ? readScript(script) : [],
    recordings: recordingPlans(recordings ?? ''),
    say,
  });
  const stop = (signal: NodeJS.Signals): void => {
    process.off('SIGTERM', stop).off('SIGINT', stop);
    say('info', 'stopping', { signal, books: simulator.sent().books });
    void simulator.close();
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
} catch (error) {
  say('error', (error as Error).message, { cause: String((error as Error).cause ?? '') });
  process.exitCode = error instanceof ConfigError ? EXIT_CONFIG : 1;
}
