import { venueKeysOf } from '@arb/shared/config';
import { runService } from '@arb/shared/hosting';
import { expectKnownVenues, type LoadedRecordings, loadRecordings, makeShell } from './index.ts';

let recordings: LoadedRecordings | null | undefined;

await runService({
  service: 'market-data',
  makeShell: ({ config: { infrastructure, session }, time, log }) => {
    const { simulatorUrl, bankRateUrl } = infrastructure;
    expectKnownVenues(session.market);
    // Once for all sessions that this process takes part in.
    recordings ??= loadRecordings(session.market, process.env);
    const keys = venueKeysOf(infrastructure);
    return makeShell({ time, log, simulatorUrl, bankRateUrl, keys, random: Math.random, recordings: recordings ?? null });
  },
});
