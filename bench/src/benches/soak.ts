import { CORE_SERVICES } from '@arb/shared/contracts';
import type { Bench } from '../bench.ts';
import { median } from '../numbers.ts';
import { atLeast, atMost, type Row, row } from '../row.ts';
import { pause, startStack } from '../stack/stack.ts';

const RATE = 500;
const MINUTES = 30;
const SAMPLE_MS = 10_000;
/** Of the whole time: heaps and caches find their size. */
const WARM_UP = 1 / 3;

/** Every process' memory over a long steady run of the real cores. */
export const soak: Bench = {
  name: 'soak',
  says: `memory over ${MINUTES} minutes of ${RATE} books/s`,
  byDefault: false,
  async run({ quick, minutes, say }) {
    const seconds = Math.round((minutes ?? (quick ? 0.5 : MINUTES)) * 60);
    const stack = await startStack({ cores: CORE_SERVICES, real: CORE_SERVICES, decideEvery: 0, answers: null });
    const before = stack.usage();
    let over = false;
    const saying = stack.say({ rate: RATE, seconds, levels: 30, moving: true }).finally(() => {
      over = true;
    });
    const samples = new Map<string, number[]>();
    const every = Math.min(SAMPLE_MS, (seconds * 1_000) / 20);
    while (!over) {
      await Promise.race([pause(every), saying]);
      for (const [name, { rssMb }] of stack.usage()) {
        const known = samples.get(name);
        if (known === undefined) samples.set(name, [rssMb]);
        else known.push(rssMb);
      }
      if ((samples.get('journal')?.length ?? 0) % 30 === 0)
        say([...samples].map(([name, mb]) => `${name} ${mb.at(-1)?.toFixed(0)}`).join(', '));
    }
    const said = await saying;
    await stack.journaled();
    const after = stack.usage();
    await stack.stop();
    const rows: Row[] = [...samples].map(([name, all]) => {
      const warm = all.slice(Math.ceil(all.length * WARM_UP));
      const half = Math.max(1, warm.length >> 1);
      const first = median(warm.slice(0, half));
      const last = median(warm.slice(-half));
      const cpu = ((after.get(name)?.cpuSeconds ?? 0) - (before.get(name)?.cpuSeconds ?? 0)) / seconds;
      // Told, not judged: Postgres' shared pages fill up to shared_buffers, and the server's heap is a saw between its collections.
      const judged = stack.children.has(name);
      return row('soak', `${name}: drift of memory`, (last / first - 1) * 100, '%', {
        ...(judged ? { must: atMost(2) } : {}),
        note: `${first.toFixed(0)} → ${last.toFixed(0)} MB, processor ${(cpu * 100).toFixed(1)} %`,
      });
    });
    return [row('soak', 'books said', said.sent / (RATE * seconds), 'of those asked', { must: atLeast(1), note: `${seconds} s` }), ...rows];
  },
};
