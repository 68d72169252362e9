import { describe, expect, it } from '@jest/globals';
import type { Bus, SessionRow } from './ports.ts';
import { ReadingPlace } from './reading-place.ts';
import { Refusal } from './refusal.ts';
import { type Attached, StreamAccess } from './stream-access.ts';
import { Stage } from './testing.ts';

const ENDED = { status: 'ended', end: 3 } as const;

/** A process that has read the three events of a stream, which are journaled. */
function reader(change: Partial<SessionRow> = {}, bus?: Bus) {
  const stage = new Stage(change);
  const place = new ReadingPlace(new Set());
  for (const text of ['one', 'two', 'three']) place.remember(stage.store('verdict.BTC', text));
  stage.record();
  const { session, patience } = stage;
  const access = new StreamAccess({ deps: { ...stage.deps, ...(bus === undefined ? {} : { bus }) }, session, place, patience });
  const attach = () => stage.settled(access.attach());
  /** Another message stands where the last one stood. */
  const loseTail = () => {
    stage.stream.shorten(1);
    stage.store('verdict.BTC', 'THREE');
  };
  /** Connections that are open once all has been said. */
  const open = async (): Promise<number> => {
    await stage.world.runFor(100);
    return stage.server.links.size;
  };
  return { stage, access, attach, loseTail, open, patience };
}

describe('a process and its stream', () => {
  it('go on over a new connection where the stream is the one that was read, with no trouble any more', async () => {
    const { stage, access, attach, open, patience } = reader();
    stage.store('verdict.BTC', 'four');
    stage.stream.purge(3);
    patience.notice('connection lost');
    const attached = (await attach()) as Attached;
    expect([attached.first, attached.last, patience.trouble, access.links, await open()]).toEqual([3, 4, null, 1, 1]);
    expect(await stage.settled(attached.link.streamInfo('SESSION_s'))).not.toBeNull();
    await attach();
    expect(access.links).toBe(2);
  });

  it('belong together while the journal has no end of the session, and no longer once it has, or has no such session', async () => {
    const { stage, access } = reader();
    const stillLive = () => stage.settled(access.stillLive());
    expect(await stillLive()).toBe('again');
    stage.change({ status: 'cutting' });
    expect(await stillLive()).toBe('again');
    for (const end of [ENDED, { status: 'lost', end: 2 }, { status: 'ended', end: 0 }] as const) {
      stage.change(end);
      expect([end, await stillLive()]).toEqual([end, 'discard']);
    }
    stage.database.sessions.clear();
    expect(await stillLive()).toBe('discard');
  });

  it('wait for the journal where it is away: only it knows whether the session goes on', async () => {
    const { stage, access, patience } = reader();
    stage.change(ENDED);
    stage.database.outage(5_000);
    const answer = access.stillLive();
    await stage.world.runFor(4_000);
    expect(patience.trouble).toContain('cannot read the session');
    expect(await stage.settled(answer)).toBe('discard');
  });

  it('try again without a connection, unless the session has ended meanwhile', async () => {
    const { stage, access, attach, patience } = reader();
    stage.server.refuse('risk', 60_000, 'connection timed out');
    expect(await attach()).toBe('again');
    expect([patience.trouble, access.links]).toEqual(['cannot connect to the bus: connection timed out', 0]);
    stage.change(ENDED);
    expect(await attach()).toBe('discard');
  });

  it('end where the server refuses the process: a person must correct a setting', async () => {
    const refusal = new Refusal('authorization violation');
    const { attach } = reader({}, { connect: () => Promise.reject(refusal) });
    await expect(attach()).rejects.toBe(refusal);
  });

  it('try again on a stream that holds something else, and leave the connection', async () => {
    const { attach, loseTail, open, patience } = reader();
    loseTail();
    expect([await attach(), await open()]).toEqual(['again', 0]);
    expect(patience.trouble).toBe('stream s holds another message at position 3 than was read');
  });

  it('part at once on another stream where the journal knows of the end', async () => {
    const { stage, attach, loseTail } = reader();
    loseTail();
    stage.change(ENDED);
    expect(await attach()).toBe('discard');
  });

  it('part when the stream has been another one for three seconds and the session goes on: it is the process that is wrong', async () => {
    const { stage, attach, loseTail, open } = reader();
    loseTail();
    expect(await attach()).toBe('again');
    await stage.world.runFor(2_000);
    expect(await attach()).toBe('again');
    await stage.world.runFor(1_000);
    expect([await attach(), await open()]).toEqual(['discard', 0]);
  });

  it('have three seconds anew when the stream has been the right one in between', async () => {
    const { stage, attach } = reader();
    // Two servers of one cluster, of which one is behind.
    const [behind] = stage.stream.all().slice(-1);
    stage.stream.shorten(1);
    expect(await attach()).toBe('again');
    await stage.world.runFor(2_500);
    stage.stream.append('verdict.BTC', Buffer.from('three'), behind?.storedAt ?? 0);
    expect(await attach()).toMatchObject({ last: 3 });
    stage.stream.shorten(1);
    await stage.world.runFor(2_500);
    expect(await attach()).toBe('again');
  });

  it('try again, and leave the connection, where the stream cannot be asked', async () => {
    const { stage, access, open, patience } = reader();
    const answer = access.attach();
    await stage.world.until(() => access.links === 1, 1_000);
    for (const link of stage.server.linksOf('risk')) link.halfOpen({ direction: 'both', learntAfterMs: 50 });
    expect([await stage.settled(answer), await open()]).toEqual(['again', 0]);
    expect(patience.trouble).toContain('stale connection');
  });

  it('leave the connection where the journal is away that must say what the stream no longer has', async () => {
    const { stage, attach, open, patience } = reader();
    stage.store('verdict.BTC', 'four');
    stage.stream.purge(4);
    stage.database.outage(100);
    expect([await attach(), await open()]).toEqual(['again', 0]);
    expect(patience.trouble).toContain('does not accept statements');
  });
});
