import { type MarketSettings, startSimulator } from '@arb/simulator';
import { fail, serve, settings } from './serve.ts';

/** The simulated venues in a process of their own, so that what they cost is nobody else's. */
const simulator = await startSimulator({
  host: '127.0.0.1',
  port: 0,
  market: settings<MarketSettings>(),
  logPath: null,
  say: () => {},
}).catch(fail);
serve({ url: () => simulator.url, sent: () => simulator.sent() }, () => simulator.close());
