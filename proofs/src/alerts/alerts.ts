import { openFindings } from '../findings.ts';
import type { Proof } from '../proof.ts';
import { CHAOS, survive } from './chaos.ts';
import { RATE } from './numbers.ts';

/** Of what comes through when nothing happens. */
const LEAST_SHARE = 0.85;
const MOST_MEMORY_MB = 300;
/** 99 of 100 raises are faster than a millisecond; in the others the collector of garbage, or another process, came in between. */
const MOST_SLOW = 0.01;

export const alerts: Proof = {
  name: 'alerts',
  says: `alerts at ${RATE} a second while Redis, channel, processor and worker are taken away: none lost, none held up`,
  shortSeconds: 18,
  usualSeconds: 180,
  async run({ seconds, out }) {
    const findings = openFindings(out);
    const count = Math.max(2_000, Math.round((seconds / CHAOS.length) * RATE));
    let calm = 0;
    for (const chaos of CHAOS) {
      const { name, lost, repeated, perSecond, slowShare, peakMb } = await survive(chaos, count);
      out(
        `${name}: ${count} alerts, ${lost} lost, ${repeated} repeated, ${Math.round(perSecond)}/s; ${(slowShare * 100).toFixed(3)} % of the raises took more than a millisecond; ${Math.round(peakMb)} MB`,
      );
      if (calm === 0) calm = perSecond;
      findings.claim(lost === 0, `${name}: ${lost} of ${count} alerts are lost`);
      findings.claim(peakMb < MOST_MEMORY_MB, `${name}: the worker grew to ${Math.round(peakMb)} MB`);
      findings.claim(slowShare <= MOST_SLOW, `${name}: ${(slowShare * 100).toFixed(3)} % of the raises took more than a millisecond`);
      // A short run is mostly start and recovery: how fast it was says something only of a long one.
      if (seconds >= alerts.usualSeconds)
        findings.claim(
          perSecond >= calm * LEAST_SHARE,
          `${name}: ${Math.round(perSecond)}/s came through, ${Math.round(calm)}/s when nothing happens`,
        );
    }
    return findings.result();
  },
};
