/**
 * Lets market-data go to the exchanges' public endpoints only when that is meant and can be written down: profile `live` brought this
 * container here, ARB_ENV must say `live` too, and the journal must be ready. What the executor does with the books stays on paper.
 */
import { loadConfig } from '@arb/shared/config';

const JOURNAL = 'http://journal:8080/readyz';
const { infrastructure, session } = loadConfig({ env: process.env });
const faults = [];

if (infrastructure.environment !== 'live')
  faults.push(`profile live is on and ARB_ENV is ${infrastructure.environment}: write ARB_ENV=live into .env, or leave the profile out`);
if (session.market.source !== 'live')
  faults.push(`market.source is ${session.market.source}: the environment live takes it from config/live.yaml; unset ARB_MARKET_SOURCE`);
try {
  const answer = await fetch(JOURNAL, { signal: AbortSignal.timeout(5_000) });
  if (!answer.ok) faults.push(`the journal is not ready (${answer.status}): ${(await answer.text()).slice(0, 300)}`);
} catch (error) {
  faults.push(`the journal does not answer at ${JOURNAL}: ${error.cause?.message ?? error.message}`);
}

for (const fault of faults) console.error(`live-check: ${fault}`);
if (faults.length === 0) console.log('live-check: market data of the public endpoints, orders on paper; the journal is ready');
process.exitCode = faults.length === 0 ? 0 : 1;
