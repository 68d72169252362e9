import { echoRootsOf, rootsOf } from '@arb/shared/contracts';
import { describe, expect, it } from '@jest/globals';
import { CoreInputs } from './core-inputs.ts';
import { CoreRunner } from './core-runner.ts';
import { Intake } from './intake.ts';
import { Outlet } from './outlet.ts';
import type { StoredSnapshot, StreamMessage } from './ports.ts';
import { ReadingPlace } from './reading-place.ts';
import { openSnapshot, type SnapshotBody } from './snapshot.ts';
import { StateCopy } from './state-copy.ts';
import { blocking, Stage } from './testing.ts';

const ROOTS = rootsOf('risk');

/** Risk, which reads decisions at once and its own verdicts a little later; or, without echoes, all in one order. */
function risk({ stage = new Stage(), echoes = echoRootsOf('risk'), window = 100 } = {}) {
  const place = new ReadingPlace(echoes);
  const outlet = new Outlet('risk');
  const intake = new Intake('s', new Set(['session.started', 'decision']), ROOTS);
  const runner = new CoreRunner('risk', blocking(), 's');
  const core = new CoreInputs({ deps: stage.deps, runner, outlet, place, window, answered: () => {} });
  const kept: StoredSnapshot[] = [];
  const { turns } = intake;
  const options = { session: 's', service: 'risk', core, turns, place, roots: ROOTS, echoes };
  const copy = new StateCopy({ ...options, keep: (snapshot) => kept.push(snapshot) });
  const read = (message: StreamMessage): void => {
    if (place.isEcho(message)) place.echoed = message.position;
    else place.position = message.position;
    intake.judge(message);
    const { header, event } = intake;
    if (header?.source === 'risk') outlet.confirm(header.n, message.position, message.subject, message.bytes, 0);
    else if (event !== null) core.take(event);
  };
  /** The outputs on their way, sent longest ago first. */
  const open = () => outlet.standing();
  return { stage, place, core, copy, kept, read, open };
}

type Risk = ReturnType<typeof risk>;

/** The oldest verdict on its way reaches the stream. */
function storeVerdict({ stage, open }: Risk, nth = 0): StreamMessage {
  const entry = open()[nth];
  if (entry === undefined) throw new Error('nothing is open');
  return stage.store(entry.subject, entry.bytes.toString());
}

/** Two decisions at 2 and 3; the verdict on the first stands at 4, before another decision at 5. */
function begun() {
  const made = risk();
  const { stage, read } = made;
  read(stage.begin());
  read(stage.decide());
  read(stage.decide());
  const echo = storeVerdict(made);
  read(stage.decide());
  return { ...made, echo };
}

function only(kept: readonly StoredSnapshot[]): { readonly stored: StoredSnapshot; readonly body: SnapshotBody } {
  expect(kept).toHaveLength(1);
  const stored = kept[0] as StoredSnapshot;
  return { stored, body: openSnapshot(stored) as SnapshotBody };
}
const valuesOf = (body: SnapshotBody) => body.open.map((one) => (JSON.parse(one.body) as { data: { value: number } }).data.value);
const numberIn = (body: SnapshotBody, root: string) => body.turns.last.find(([name]) => name === root)?.[2];

describe('a copy of the state', () => {
  it('is kept when all echoes up to its position are read, and once', () => {
    const { copy, kept } = begun();
    expect([copy.begin(), kept.length]).toEqual(['begun', 0]);
    copy.end(4);
    expect(kept).toHaveLength(0);
    copy.end(5);
    copy.end(6);
    expect(only(kept).stored).toMatchObject({ session: 's', service: 'risk', position: 5, version: '1', schema: 1 });
  });

  it('holds the state after its position, though inputs are handled before the echoes are read', () => {
    const { stage, copy, kept, read, echo } = begun();
    copy.begin();
    read(stage.decide());
    read(echo);
    copy.end(5);
    const { body } = only(kept);
    expect([body.runner.core, body.runner.n, numberIn(body, 'decision')]).toEqual([3, [['verdict', 3]], 3]);
    expect(body.open.map(({ cause }) => cause)).toEqual([3, 5]);
  });

  it('holds as open what was not read back up to its position, and as said what was', () => {
    const { copy, kept, read, echo } = begun();
    copy.begin();
    read(echo);
    copy.end(5);
    const { body } = only(kept);
    expect([valuesOf(body), numberIn(body, 'verdict')]).toEqual([[2, 3], 1]);
  });

  it('is begun later while outputs are confirmed above its position: at it they stood open', () => {
    const { core, copy, kept, read, echo } = begun();
    core.outlet.confirm(1, echo.position, echo.subject, echo.bytes, 0);
    expect([copy.begin(), kept.length]).toEqual(['later', 0]);
    read(echo);
    expect(copy.begin()).toBe('begun');
    copy.end(5);
    const { body } = only(kept);
    expect([valuesOf(body), numberIn(body, 'verdict')]).toEqual([[2, 3], 1]);
  });

  it('is the same to the byte whether the echoes are read in order, later, or from the journal', () => {
    const copies = (['in order', 'later', 'journal'] as const).map((how) => {
      const made = risk(how === 'journal' ? { echoes: new Set() } : {});
      const { stage, copy, kept, read } = made;
      read(stage.begin());
      read(stage.decide());
      read(stage.decide());
      const echo = storeVerdict(made);
      if (how !== 'later') read(echo);
      read(stage.decide());
      copy.begin();
      if (how === 'later') {
        read(stage.decide());
        read(echo);
      }
      copy.end(5);
      return only(kept).stored;
    });
    expect(copies[1]).toEqual(copies[0]);
    expect(copies[2]).toEqual(copies[0]);
  });

  it('is kept at once where the service has no echoes, or has read them all', () => {
    for (const echoes of [new Set<string>(), echoRootsOf('risk')]) {
      const { stage, place, copy, kept, read } = risk({ echoes });
      read(stage.begin());
      read(stage.decide());
      place.echoed = place.position;
      expect(copy.begin()).toBe('begun');
      expect(only(kept).stored.position).toBe(2);
    }
  });

  it('is made later where echoes have been read beyond the inputs: what they say is not of its position', () => {
    const made = begun();
    const { stage, copy, kept, read, echo } = made;
    read(echo);
    read(storeVerdict(made));
    expect([copy.begin(), kept]).toEqual(['later', []]);
    read(stage.decide());
    expect(copy.begin()).toBe('begun');
  });

  it('is made later where inputs wait: the state is not that of the position', () => {
    const { stage, copy, kept, read } = risk({ window: 1 });
    read(stage.begin());
    read(stage.decide());
    read(stage.decide());
    expect([copy.begin(), kept, copy.whole()]).toEqual(['later', [], null]);
  });

  it('is not kept when it has been forsaken', () => {
    const { copy, kept } = begun();
    copy.begin();
    copy.forsake();
    copy.end(5);
    expect(kept).toEqual([]);
  });

  it('is kept of the newest position where it is begun anew', () => {
    const { stage, copy, kept, read } = begun();
    copy.begin();
    read(stage.decide());
    copy.begin();
    copy.end(5);
    expect(kept).toEqual([]);
    copy.end(6);
    expect(only(kept).stored.position).toBe(6);
  });

  it('of the whole is the same as one that was waited for, where all has been read', () => {
    const { place, copy, kept, read, echo } = begun();
    read(echo);
    place.echoed = place.position;
    copy.begin();
    expect(copy.whole()).toEqual(only(kept).stored);
  });

  it('brings a core back to where it was', () => {
    const made = begun();
    const { stage, copy, kept, read, echo } = made;
    copy.begin();
    read(echo);
    copy.end(5);
    const { body } = only(kept);
    const next = stage.decide();
    read(next);
    const restored = risk({ stage });
    restored.core.runner.load(body.runner);
    restored.core.outlet.load(new Map([['verdict', numberIn(body, 'verdict') ?? 0]]), body.open, 0);
    const event = new Intake('s', new Set(['decision']), ROOTS);
    event.turns.load(body.turns);
    expect(event.judge(next)).toBe('taken');
    if (event.event !== null) restored.core.take(event.event);
    const texts = ({ open }: Risk) => open().map(({ n, bytes }) => [n, bytes.toString()]);
    expect(texts(restored)).toEqual(texts(made));
  });
});
