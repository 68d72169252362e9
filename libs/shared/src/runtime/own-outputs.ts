import type { Scanned } from '../contracts/index.ts';
import type { Judgement } from './intake.ts';
import { Backoff } from './options.ts';
import { Outlet } from './outlet.ts';
import type { Link, StreamMessage } from './ports.ts';
import type { RunDeps } from './run-deps.ts';

/** A second replica that had to say so many outputs in a row waits for its twin no longer, until it hears of it again. */
const ALONE_AFTER = 3;

type Deps = Pick<RunDeps, 'service' | 'boot' | 'makeCore' | 'time' | 'options'>;

/** All that a process says in a session: by its core, which a twin may say as well, and by its shell, which only this boot says. */
export class OwnOutputs {
  readonly core: Outlet | null;
  readonly shell: Outlet;
  /** Sent so far. */
  published = 0;
  /** Before a new connection; it begins anew with all that is read back. */
  readonly resendBackoff: Backoff;
  private readonly deps: Deps;
  /** Outputs in a row that no twin has said. */
  private saidAlone = 0;

  constructor(deps: Deps) {
    this.deps = deps;
    this.core = deps.makeCore === null ? null : new Outlet(deps.service);
    this.shell = new Outlet(`${deps.service}/${deps.boot}`);
    this.resendBackoff = new Backoff(deps.options.backoffMs);
  }

  get all(): readonly Outlet[] {
    return this.core === null ? [this.shell] : [this.core, this.shell];
  }

  get unconfirmed(): number {
    return (this.core?.unconfirmed ?? 0) + this.shell.unconfirmed;
  }

  /** A new link: all that is open is sent again. */
  unsend(): void {
    this.core?.unsend();
    this.shell.unsend();
  }

  /** Sends what is due. A standby, and whoever is behind, first waits whether another says it. */
  send(link: Link, lagMs: number): void {
    const now = this.deps.time.monotonicMs();
    const { replica, patienceMs, behindMs } = this.deps.options;
    const second = replica > 0 && this.saidAlone < ALONE_AFTER;
    const patience = second || lagMs > behindMs ? patienceMs * Math.max(1, replica) : 0;
    if (this.core !== null) {
      const sent = this.core.send(link, now, patience);
      this.published += sent;
      if (replica > 0) this.saidAlone += sent;
    }
    this.published += this.shell.send(link, now, 0);
  }

  isOwn(source: string): boolean {
    return source === this.deps.service || source === this.shell.source;
  }

  /** One of them was read. True where it leaves a hole: something before it was lost on the way. */
  readBack(header: Scanned, counted: boolean, judgement: Judgement, message: StreamMessage): boolean {
    const outlet = header.source === this.deps.service ? this.core : this.shell;
    if (outlet === null) return false;
    if (counted) {
      const byAnother = outlet.confirm(header.n, message.position, message.subject, message.bytes, this.deps.time.monotonicMs());
      if (byAnother) this.saidAlone = 0;
      this.resendBackoff.reset();
      return false;
    }
    if (judgement !== 'out-of-turn') return false;
    if (header.n > outlet.taken(header.kind.root)) return true;
    // Said twice: the twin lives.
    if (outlet === this.core) this.saidAlone = 0;
    return false;
  }
}
