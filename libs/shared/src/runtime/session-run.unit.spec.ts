import { describe, expect, it } from '@jest/globals';
import { RUNTIME_DEFAULTS } from './options.ts';
import { SessionRun } from './session-run.ts';
import { Stage } from './testing.ts';

/** Risk in a session that runs: the clock is heard ten times a second, all is journaled at once, a snapshot is due each second. */
async function running() {
  const stage = new Stage();
  const { world, session, deps } = stage;
  stage.begin();
  stage.record();
  const run = new SessionRun({ ...deps, options: { ...RUNTIME_DEFAULTS, snapshotEveryMs: 1_000 } }, session);
  void run.run();
  const tick = (): void => {
    stage.clock(stage.stream.lastPosition);
    stage.record();
    world.after(100, tick);
  };
  tick();
  await world.until(() => run.status().live, 5_000, 'a live session');
  return { stage, world, run };
}

describe('a service in a session', () => {
  it('is in no trouble any more when a snapshot is saved after one that was not', async () => {
    const { stage, world, run } = await running();
    stage.database.snapshotsUnreachable(3_000);
    await world.until(() => run.status().trouble !== null, 3_000, 'a snapshot that is not saved');
    expect(run.status().trouble).toContain('was not saved');
    await world.until(() => run.status().snapshot !== null, 10_000, 'a snapshot that is saved');
    expect(run.status()).toMatchObject({ live: true, links: 1, trouble: null });
  });

  it('that is told to stop says so, and nothing of itself after it', async () => {
    const { stage, world, run } = await running();
    run.stop();
    await world.until(() => !run.status().live, 5_000, 'the end of the run');
    const own = stage.stream.all().filter(({ subject }) => subject.endsWith('service.risk'));
    const types = own.map(({ bytes }) => (JSON.parse(Buffer.from(bytes).toString()) as { type: string }).type);
    expect(types[0]).toBe('service.started');
    expect(types.filter((type) => type === 'service.stopping')).toHaveLength(1);
    expect(types.at(-1)).toBe('service.stopping');
  });
});
