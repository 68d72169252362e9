import { ConfigError, loadConfig } from '@arb/shared/config';
import { type Say, sayTo, startSimulator } from './server/index.ts';

/** As the services do: a restart would change nothing, a person must. */
const EXIT_CONFIG = 78;

let say: Say = sayTo((line) => process.stdout.write(line), 'info');

try {
  // Where the record of what was sent goes is no setting of the system: it is for whoever examines it.
  const { ARB_SIMULATOR_LOG: logPath, ...env } = process.env;
  const { infrastructure, session } = loadConfig({ env });
  say = sayTo((line) => process.stdout.write(line), infrastructure.logLevel);
  const { hostname, port } = new URL(infrastructure.simulatorUrl);
  const simulator = await startSimulator({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 80),
    market: session.market,
    logPath: logPath || null,
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
