import type { Scanned } from '@arb/shared/contracts';
import {
  CoreRunner,
  JournalReading,
  LeaseKeeper,
  Outlet,
  ReadingPlace,
  StateCopy,
  StreamAccess,
  StreamReading,
  StreamTrust,
  Turns,
} from '@arb/shared/runtime';
import { SessionCut } from '../record/session-cut.ts';
import type { Sabotage } from './cast.ts';
import type { Profile } from './faults.ts';
import { runSeed } from './run-seed.ts';

/** A piece of the runtime, broken on purpose: a proof that cannot fail proves nothing. */
export interface Mutation {
  readonly what: string;
  readonly profile: Profile;
  /** The first seed that is tried, and how many: near one that is known to find it out. */
  readonly from?: number;
  readonly seeds: number;
  readonly sabotage?: Sabotage;
  readonly breakIt?: () => void;
}

const mended: (() => void)[] = [];
// biome-ignore lint/suspicious/noExplicitAny: private parts are broken here, whatever their types.
type Broken = any;
function replaceMethod(type: { prototype: object }, name: string, make: (original: Broken) => Broken): void {
  const prototype = type.prototype as Broken;
  const original = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
  Object.defineProperty(prototype, name, { ...original, value: make(original.value) });
  mended.push(() => Object.defineProperty(prototype, name, original));
}

export const MUTATIONS: readonly Mutation[] = [
  {
    what: 'turns take what comes, without a look at its number',
    profile: 'network',
    seeds: 10,
    breakIt: () =>
      replaceMethod(
        Turns,
        'judge',
        (judge) =>
          function (this: Broken, header: Scanned) {
            const turn = judge.call(this, header);
            if (turn !== 'out-of-turn') return turn;
            this.last.get(header.kind.root)?.set(header.source, header.n);
            return 'taken';
          },
      ),
  },
  {
    what: 'what was lost on the way is not sent again',
    profile: 'network',
    seeds: 10,
    breakIt: () => replaceMethod(Outlet, 'unsend', () => () => {}),
  },
  {
    what: 'the journal leaves a row out',
    profile: 'calm',
    seeds: 3,
    sabotage: {
      store: (store) => {
        const append = store.append.bind(store);
        store.append = (session, rows, seal) => append(session, seal.from % 7 === 0 ? rows.slice(1) : rows, seal);
        return store;
      },
    },
  },
  {
    what: 'a snapshot forgets the open outputs',
    profile: 'kills',
    seeds: 20,
    breakIt: () => replaceMethod(Outlet, 'saveOpen', () => () => []),
  },
  {
    what: 'a snapshot does not wait for the echoes up to it',
    profile: 'kills',
    seeds: 20,
    breakIt: () =>
      replaceMethod(
        StateCopy,
        'end',
        (end) =>
          function (this: Broken) {
            end.call(this, Number.MAX_SAFE_INTEGER);
          },
      ),
  },
  {
    what: 'after a lost link the echoes are read from where the inputs stand',
    profile: 'network',
    seeds: 30,
    breakIt: () =>
      replaceMethod(
        StreamAccess,
        'attach',
        (attach) =>
          async function (this: Broken) {
            const { place } = this.options;
            place.echoed = Math.max(place.echoed, place.position);
            return attach.call(this);
          },
      ),
  },
  {
    what: 'after a lost link the inputs are read from where the echoes stand',
    profile: 'network',
    seeds: 30,
    breakIt: () =>
      replaceMethod(
        StreamAccess,
        'attach',
        (attach) =>
          async function (this: Broken) {
            const { place } = this.options;
            place.position = Math.max(place.echoed, place.position);
            return attach.call(this);
          },
      ),
  },
  {
    what: 'echoes count as read where a server says that there are no more',
    profile: 'kills',
    seeds: 30,
    breakIt: () =>
      replaceMethod(
        StreamReading,
        'echoesReached',
        (echoesReached) =>
          function (this: Broken, mark: number) {
            const { place } = this.reader;
            place.echoed = Math.max(place.echoed, place.position);
            echoesReached.call(this, mark);
          },
      ),
  },
  {
    what: 'a stream is known again by the last input alone',
    profile: 'ends',
    seeds: 60,
    breakIt: () =>
      replaceMethod(
        ReadingPlace,
        'remember',
        (remember) =>
          function (this: Broken, message: Broken) {
            if (message.position <= this.position) remember.call(this, message);
          },
      ),
  },
  {
    what: 'echoes count as read up to where there are none, however long they were not asked for',
    profile: 'loss',
    from: 60,
    seeds: 10,
    breakIt: () => replaceMethod(StreamTrust, 'mayMissEchoes', () => () => false),
  },
  {
    what: 'an echo in the journal is held against what was read of a stream that has lost its tail',
    profile: 'ends',
    from: 75,
    seeds: 15,
    breakIt: () =>
      replaceMethod(JournalReading, 'discardAnotherStory', () => (error: unknown) => {
        throw error;
      }),
  },
  {
    what: 'a snapshot forgets the timers',
    profile: 'kills',
    seeds: 10,
    breakIt: () =>
      replaceMethod(
        CoreRunner,
        'load',
        (load) =>
          function (this: Broken, state: Broken) {
            load.call(this, { ...state, timers: [] });
          },
      ),
  },
  {
    what: 'market-data speaks without the lease',
    profile: 'kills',
    seeds: 20,
    sabotage: { marketIgnoresLease: true },
  },
  {
    what: 'whoever claims a lease has it at once',
    profile: 'kills',
    from: 190,
    seeds: 40,
    breakIt: () => replaceMethod(LeaseKeeper, 'heard', () => () => {}),
  },
  {
    what: 'a process goes on from a stream that has lost its tail',
    profile: 'ends',
    from: 35,
    seeds: 25,
    breakIt: () => replaceMethod(ReadingPlace, 'isLast', () => () => true),
  },
  {
    what: 'the end of a session is forgotten while the database is away',
    profile: 'ends',
    from: 95,
    seeds: 40,
    breakIt: () =>
      replaceMethod(
        SessionCut,
        'markCutting',
        () =>
          async function (this: Broken) {
            const { batches, session } = this.options;
            await batches.store.updateSession(session.id, { status: 'cutting' });
          },
      ),
  },
];

/** The first seed that finds it out, or null. */
export async function foundOut({
  profile,
  from = 1,
  seeds,
  sabotage,
  breakIt,
}: Mutation): Promise<{ seed: number; failure: string } | null> {
  breakIt?.();
  try {
    for (let seed = from; seed < from + seeds; seed++) {
      const { failure } = await runSeed(seed, profile, sabotage === undefined ? {} : { sabotage });
      if (failure !== null) return { seed, failure };
    }
    return null;
  } finally {
    for (const mend of mended.splice(0)) mend();
  }
}
