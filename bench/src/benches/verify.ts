import { CORES } from '@arb/cli';
import { CORE_SERVICES } from '@arb/shared/contracts';
import { verifySession } from '@arb/shared/replay';
import type { SessionRow } from '@arb/shared/runtime';
import type { Bench } from '../bench.ts';
import { median } from '../numbers.ts';
import { atLeast, atMost, row } from '../row.ts';
import { startStack } from '../stack/stack.ts';

/** A session of the real cores on the moving market, then proved from its journal alone, in this one process. */
export const verify: Bench = {
  name: 'verify',
  says: 'proving a recorded session: seals, turns, every output derived again',
  byDefault: true,
  async run({ quick, say }) {
    const stack = await startStack({ cores: CORE_SERVICES, real: CORE_SERVICES, decideEvery: 0, answers: null });
    const { total } = await stack.say({ rate: quick ? 1_000 : 3_000, seconds: quick ? 4 : 40, levels: 30, moving: true });
    await stack.journaled();
    for (const child of [...stack.children.values()].reverse()) await child.stop();
    const session = (await stack.journal.session(stack.session)) as SessionRow;
    const rates: number[] = [];
    const perCore: number[] = [];
    let faults = 0;
    let note = '';
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      const from = performance.now();
      const cpu = process.cpuUsage();
      const report = await verifySession(stack.journal, session, { cores: CORES });
      rates.push(report.events / ((performance.now() - from) / 1_000));
      const spent = process.cpuUsage(cpu);
      perCore.push(report.events / ((spent.user + spent.system) / 1_000_000));
      faults += report.faults.length;
      note = `${report.events} events, ${total} books, ${Object.entries(report.outputs)
        .map(([service, count]) => `${service} ${count}`)
        .join(', ')}`;
      for (const fault of report.faults.slice(0, 3))
        say(`${fault.check} at ${fault.position}: expected ${fault.expected}, found ${fault.found}`);
    }
    await stack.stop();
    return [
      row('verify', 'recorded session', median(rates), 'events/s', { must: atLeast(50_000), note }),
      row('verify', '  by its own processor time', median(perCore), 'events/s', { note: 'what Postgres spends runs beside it' }),
      row('verify', 'differences found', faults, 'faults', { must: atMost(0) }),
    ];
  },
};
