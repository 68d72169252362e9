import type { CoreInputs } from './core-inputs.ts';
import type { StoodOpen } from './outlet.ts';
import type { StoredSnapshot } from './ports.ts';
import type { ReadingPlace } from './reading-place.ts';
import { makeSnapshot, type RunnerText, runnerText, snapshotOf } from './snapshot.ts';
import type { Turns, TurnsState } from './turns.ts';

/** A copy under way: its echoes have not all been read yet. */
interface Copying {
  readonly position: number;
  readonly runner: RunnerText;
  readonly turns: TurnsState;
  readonly open: readonly StoodOpen[];
}

export interface StateCopyOptions {
  readonly session: string;
  readonly service: string;
  readonly core: CoreInputs;
  readonly turns: Turns;
  readonly place: ReadingPlace;
  /** All that this service reads, and those of them in which it only hears itself. */
  readonly roots: ReadonlySet<string>;
  readonly echoes: ReadonlySet<string>;
  readonly keep: (snapshot: StoredSnapshot) => void;
}

/**
 * A snapshot holds what was read back up to its position and nothing later, so that all replicas and every replay make
 * the same one: the state is copied at once, the echoes up to there are waited for.
 */
export class StateCopy {
  private readonly options: StateCopyOptions;
  private copying: Copying | null = null;

  constructor(options: StateCopyOptions) {
    this.options = options;
  }

  begin(): 'later' | 'begun' {
    const { core, turns, place, roots } = this.options;
    if (core.waiting > 0 || place.echoed > place.position || this.hasLookedAhead()) return 'later';
    this.copying = {
      position: place.position,
      runner: runnerText(core.runner.save()),
      turns: turns.save(roots),
      open: core.outlet.standing(),
    };
    this.end(place.readUpTo);
    return 'begun';
  }

  /** Far behind, outputs were confirmed above the position read: at that position they stood open, and are not among those that do now. */
  private hasLookedAhead(): boolean {
    const { service, core, turns, roots } = this.options;
    for (const root of roots) if (core.outlet.taken(root) > turns.lastOf(service, root)) return true;
    return false;
  }

  /** The echoes have been read up to here. */
  end(echoed: number): void {
    const { copying } = this;
    if (copying === null) return;
    const { session, service, core, turns, echoes, keep } = this.options;
    if (echoes.size > 0 && echoed < copying.position) return;
    this.copying = null;
    const { last } = turns.save(echoes);
    const then: TurnsState = { ...copying.turns, last: [...copying.turns.last.filter(([root]) => !echoes.has(root)), ...last] };
    const open = core.outlet.saveOpen(copying.open);
    keep(snapshotOf(session, service, copying.position, core.runner.core.version, { runner: copying.runner, turns: then, open }));
  }

  /** What was begun is not ended: the echoes that it waits for come on another connection. */
  forsake(): void {
    this.copying = null;
  }

  /** The state as it is, where all has been read up to the same position. */
  whole(): StoredSnapshot | null {
    const { session, service, core, turns, place, roots } = this.options;
    if (core.waiting > 0) return null;
    return makeSnapshot(session, service, place.position, core.runner.core.version, {
      runner: core.runner.save(),
      turns: turns.save(roots),
      open: core.outlet.saveOpen(),
    });
  }
}
