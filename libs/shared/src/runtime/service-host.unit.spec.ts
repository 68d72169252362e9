import { describe, expect, it } from '@jest/globals';
import { ServiceHost } from './service-host.ts';
import { Stage } from './testing.ts';

/** Risk of this configuration, while a session of the configuration `before` runs. */
function beside(before: string, after: string | null = null) {
  const stage = new Stage({ configHash: before, versions: { risk: '1' } });
  const host = new ServiceHost({ ...stage.deps, newBoot: () => stage.deps.boot, configHash: 'mine', after });
  void host.start();
  return { stage, host };
}

describe('a process beside a running session', () => {
  it('says which one it differs from, until one of its own runs', async () => {
    const { stage, host } = beside('another');
    await stage.world.until(() => host.differsFrom() !== null, 2_000, 'a look at the sessions');
    expect([host.differsFrom(), host.current()]).toEqual(['s', null]);
    stage.change({ configHash: 'mine' });
    await stage.world.until(() => host.current() !== null, 2_000, 'taking part');
    expect(host.differsFrom()).toBeNull();
  });

  it('differs from one of another version', async () => {
    const { stage, host } = beside('mine');
    stage.change({ versions: { risk: '0' } });
    await stage.world.until(() => host.waitsFor()?.includes('runs version 0 of risk, this is 1') === true, 2_000, 'a look at the sessions');
    expect([host.differsFrom(), host.current()]).toEqual(['s', null]);
  });

  it('differs from one that it is told to come after, whatever that runs', async () => {
    const { stage, host } = beside('mine', 's');
    await stage.world.until(() => host.waitsFor()?.includes('handed over') === true, 2_000, 'a look at the sessions');
    expect([host.differsFrom(), host.current()]).toEqual(['s', null]);
  });

  it('leaves the end of such a session to those who took part in it, unless they do not keep it', async () => {
    const { stage, host } = beside('another');
    await stage.world.until(() => host.differsFrom() !== null, 2_000, 'a look at the sessions');
    stage.begin();
    stage.record();
    stage.change({ status: 'ended', end: 1 });
    await stage.world.runFor(1_500);
    expect([host.current(), host.waitsFor()]).toEqual([null, 'session s is ended']);
    await stage.world.until(() => host.current() !== null, 2_000, 'taking part in the end');
  });

  it('differs from none that is over', async () => {
    const { stage, host } = beside('another');
    stage.change({ status: 'cutting' });
    await stage.world.until(() => host.waitsFor() === 'session s is cutting', 2_000, 'a look at the sessions');
    expect(host.differsFrom()).toBeNull();
  });
});
