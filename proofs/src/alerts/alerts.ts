import { openFindings } from '../findings.ts';
import type { Proof } from '../proof.ts';
import { CALM, CHAOS, FLAT_OUT, goneMs, type Survived, survive } from './chaos.ts';
import { RATE } from './numbers.ts';

/** Of what comes through when nothing happens. */
const LEAST_SHARE = 0.85;
const MOST_MEMORY_MB = 300;
/** What is alive at the end, of what was alive half-way; and what the heap itself is uncertain by. */
const MOST_GROWTH = 1.1;
const UNCERTAIN_MB = 2;
/** 99 of 100 raises are faster than a millisecond; in the others the collector of garbage, or another process, came in between. */
const MOST_SLOW = 0.01;
/** Calm before and after each of them, and one as fast as it goes. */
const RUNS = 2 * CHAOS.length + 2;

export const alerts: Proof = {
  name: 'alerts',
  says: `alerts at ${RATE} a second while Redis, channel, processor and worker are taken away: none lost, none held up`,
  shortSeconds: 16,
  usualSeconds: 320,
  async run({ seconds, out }) {
    const findings = openFindings(out);
    const count = Math.max(2_000, Math.round((seconds / RUNS) * RATE));
    // A short run is mostly start and recovery: how fast it was says something only of a long one.
    const long = seconds >= alerts.usualSeconds;

    out(
      `each run raises ${whole(count)} alerts, ${whole(RATE)} a second; Redis and the channel are gone for ${(goneMs((count / RATE) * 1_000) / 1_000).toFixed(1)} s`,
    );

    async function held(run: Promise<Survived>): Promise<Survived> {
      const survived = await run;
      const { name, lost, peakMb, slowShare, halfMb, endMb } = survived;
      out(told(survived));
      findings.claim(lost === 0, `${name}: ${lost} of ${count} alerts are lost`);
      findings.claim(peakMb < MOST_MEMORY_MB, `${name}: the worker grew to ${Math.round(peakMb)} MB`);
      if (long) findings.claim(slowShare <= MOST_SLOW, `${name}: ${percent(slowShare, 3)} of the raises took more than a millisecond`);
      if (long && halfMb !== null)
        findings.claim(
          endMb <= halfMb * MOST_GROWTH + UNCERTAIN_MB,
          `${name}: ${halfMb.toFixed(1)} MB are alive half-way, ${endMb.toFixed(1)} MB at the end`,
        );
      return survived;
    }

    const fast = await held(survive(FLAT_OUT, count));
    if (long) {
      findings.claim(fast.persisted >= count * 0.95, `${fast.name}: ${fast.persisted} of ${count} alerts went through Redis`);
      findings.claim(fast.perSecond >= RATE, `${fast.name}: ${whole(fast.perSecond)}/s came through, ${whole(RATE)}/s are asked for`);
    }
    let before = await held(survive(CALM, count));
    for (const chaos of CHAOS) {
      const under = await held(survive(chaos, count));
      const after = await held(survive(CALM, count));
      // The machine is not the same all the while: each is held to the better of the calm before it and after it.
      const calm = Math.max(before.perSecond, after.perSecond);
      const line = `${chaos.name}: ${whole(under.perSecond)}/s came through, ${percent(under.perSecond / calm, 1)} of ${whole(calm)}/s when nothing happens${apart(under)}`;
      if (long) findings.claim(under.perSecond >= calm * LEAST_SHARE, line);
      else out(line);
      before = after;
    }
    return findings.result();
  },
};

function told({ name, count, lost, repeated, seconds, perSecond, persisted, slowShare, peakMb }: Survived): string {
  return `${name}: ${count} alerts in ${seconds.toFixed(2)} s, ${whole(perSecond)}/s, ${persisted} by Redis, ${lost} lost, ${repeated} repeated; ${percent(slowShare, 3)} of the raises took more than a millisecond; ${Math.round(peakMb)} MB`;
}

/** The time in which nothing could come through is in the number above; without it, it would be this. */
function apart({ deadSeconds, seconds, count }: Survived): string {
  if (deadSeconds === 0) return '';
  return ` (the channel was dead for ${deadSeconds.toFixed(1)} of ${seconds.toFixed(1)} s; ${whole(count / (seconds - deadSeconds))}/s in the others)`;
}

function percent(share: number, places: number): string {
  return `${(share * 100).toFixed(places)} %`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
