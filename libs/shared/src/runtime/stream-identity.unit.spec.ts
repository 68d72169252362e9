import { describe, expect, it } from '@jest/globals';
import type { Link, SessionRow, StreamMessage } from './ports.ts';
import { type Identity, identify, type Known } from './stream-identity.ts';
import { Stage } from './testing.ts';

const NOTHING: Known = { position: 0, subject: '', storedAt: 0, bytes: null };

/** A stream with three events, all journaled. */
function recorded(change: Partial<SessionRow> = {}): Stage & { third: StreamMessage } {
  const stage = new Stage(change);
  for (const text of ['one', 'two', 'three']) stage.store('verdict.BTC', text);
  stage.record();
  return Object.assign(stage, { third: stage.stream.at(3) as StreamMessage });
}

const restoredAt = (position: number): Known => ({ ...NOTHING, position });
const OTHERS: readonly (readonly [what: string, change: Partial<StreamMessage>])[] = [
  ['bytes', { bytes: Buffer.from('THREE') }],
  ['length', { bytes: Buffer.from('three ') }],
  ['subject', { subject: 'verdict.ETH' }],
  ['time', { storedAt: 1 }],
];

async function look(stage: Stage, known: Known, wrap: (link: Link) => Link = (link) => link): Promise<Identity> {
  const link = wrap(await stage.settled(stage.deps.bus.connect()));
  return stage.settled(identify(link, stage.journal, stage.session, known));
}

/** The same, or why it is not. */
async function verdict(...args: Parameters<typeof look>): Promise<string> {
  const found = await look(...args);
  return found.same ? 'same' : found.why;
}

describe('a stream', () => {
  it('is the same where what was read last stands there still, and says how far it goes', async () => {
    const stage = recorded();
    expect(await look(stage, stage.third)).toMatchObject({ same: true, info: { firstPosition: 1, lastPosition: 3 } });
    stage.store('verdict.BTC', 'four');
    expect(await look(stage, stage.third)).toMatchObject({ same: true, info: { lastPosition: 4 } });
  });

  it.each(OTHERS)('is another one where what was read last stands there with another %s', async (_, change) => {
    const stage = recorded();
    expect(await verdict(stage, { ...stage.third, ...change })).toBe('stream s holds another message at position 3 than was read');
  });

  it('is another one where it was created at another time, even for who has read nothing of it', async () => {
    const stage = recorded({ streamCreated: '2020-01-01T00:00:00.000000000Z' });
    expect(await verdict(stage, NOTHING)).toContain("the session's at 2020-01-01T00:00:00.000000000Z");
  });

  it('is not held against a creation time that the journal does not know yet', async () => {
    expect(await verdict(recorded({ streamCreated: null }), NOTHING)).toBe('same');
  });

  it('is not there where the server has none', async () => {
    const stage = recorded();
    stage.server.remove('SESSION_s');
    expect(await verdict(stage, NOTHING)).toBe('stream SESSION_s does not exist');
  });

  it('has lost its tail where it ends before what was read', async () => {
    const stage = recorded();
    stage.stream.shorten(1);
    expect(await verdict(stage, stage.third)).toBe('stream SESSION_s ends at 2, but position 3 has been read');
    expect(await verdict(stage, restoredAt(3))).toBe('stream SESSION_s ends at 2, but position 3 has been read');
  });

  it('is known by the journal where what was read last is no longer in it', async () => {
    const stage = recorded();
    stage.store('verdict.BTC', 'four');
    stage.stream.purge(4);
    expect(await verdict(stage, stage.third)).toBe('same');
  });

  it.each(OTHERS)('is another one where the journal has another %s for what is no longer in it', async (_, change) => {
    const stage = recorded();
    stage.store('verdict.BTC', 'four');
    stage.stream.purge(4);
    expect(await verdict(stage, { ...stage.third, ...change })).toBe('the journal of s holds another message at position 3 than was read');
  });

  it('is known by the journal where it is trimmed between two questions', async () => {
    const trimmed = async (known: Known): Promise<string> => {
      const stage = recorded();
      stage.store('verdict.BTC', 'four');
      return verdict(
        stage,
        known,
        (link) =>
          ({
            streamInfo: (stream: string) => link.streamInfo(stream),
            message: (stream: string, position: number) => {
              stage.stream.purge(4);
              return link.message(stream, position);
            },
          }) as Link,
      );
    };
    const { third } = recorded();
    expect(await trimmed(third)).toBe('same');
    expect(await trimmed({ ...third, bytes: Buffer.from('THREE') })).toContain('the journal of s holds another message at position 3');
  });

  it('is compared with the journal by who has only been restored from a snapshot', async () => {
    const stage = recorded();
    expect(await verdict(stage, restoredAt(3))).toBe('same');
    // The tail was lost, and its positions were given anew.
    stage.stream.shorten(1);
    stage.store('verdict.BTC', 'THREE');
    expect(await verdict(stage, restoredAt(3))).toBe('stream s holds another message at position 3 than was read');
    expect(await verdict(stage, restoredAt(2))).toBe('same');
  });

  it('is believed where neither journal nor memory can say what stood there', async () => {
    const stage = recorded();
    const fourth = stage.store('verdict.BTC', 'four');
    // Not journaled, and restored from a snapshot.
    expect(await verdict(stage, restoredAt(4))).toBe('same');
    stage.store('verdict.BTC', 'five');
    stage.stream.purge(5);
    expect(await verdict(stage, fourth)).toBe('same');
    expect(await verdict(stage, restoredAt(3))).toBe('same');
  });
});
