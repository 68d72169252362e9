import { type AnyEvent, type CoreServiceName, parseEvent, rootsOf, scan } from '../contracts/index.ts';
import type { MakeCore } from '../core/index.ts';
import { type Chain, sealBatch, startChain } from '../journal/seal.ts';
import { tableOf } from '../journal/table.ts';
import {
  CoreRunner,
  Intake,
  type JournalReader,
  type JournalRow,
  Outlet,
  openSnapshot,
  ReplayDiverged,
  type Seal,
  type SessionRow,
  type StoredEvent,
  type StoredSnapshot,
  sha256,
} from '../runtime/index.ts';

/** One thing that is not as it should be: where, what the journal should say, and what it says. */
export interface VerifyFault {
  readonly check: 'seal' | 'gap' | 'turn' | 'output' | 'snapshot' | 'parent';
  readonly position: number;
  readonly subject: string;
  readonly expected: string;
  readonly found: string;
}

export interface VerifyReport {
  readonly session: string;
  readonly from: number;
  readonly to: number;
  readonly events: number;
  readonly taken: number;
  readonly seals: number;
  readonly head: string;
  /** Outputs derived again and found equal, by core. */
  readonly outputs: Readonly<Record<string, number>>;
  /** Cores of which this code has another version than the session: their differences are told, not counted as faults. */
  readonly otherVersions: readonly {
    readonly service: string;
    readonly recordedBy: string;
    readonly thisIs: string;
    readonly firstDifference: VerifyFault | null;
  }[];
  readonly snapshots: number;
  readonly faults: readonly VerifyFault[];
  readonly ok: boolean;
}

export interface VerifyOptions {
  readonly cores: Readonly<Record<CoreServiceName, MakeCore>>;
  readonly strict?: boolean;
  /** The head hash that somebody kept: it must be one of the session's. */
  readonly anchor?: string;
  readonly progress?: (position: number, to: number) => void;
}

const PAGE = 5_000;
const MOST_FAULTS = 50;

/**
 * Proves a session from its journal alone: the seals over every row, no position missing, every turn judged again, and
 * every output of every core derived again and compared byte for byte.
 */
export async function verifySession(journal: JournalReader, session: SessionRow, options: VerifyOptions): Promise<VerifyReport> {
  const head = await journal.head(session.id);
  const to = session.end ?? head;
  const verifier = new Verifier(journal, session, options, to);
  await verifier.begin();
  if (head !== to) verifier.fault('gap', Math.min(head, to) + 1, '', `the last seal at the session's end, ${to}`, `one at ${head}`);
  if (to === 0 && session.status !== 'starting' && session.end === null)
    verifier.fault('gap', 1, 'session.started', 'the first event of a live session', 'an empty journal');
  let at = 0;
  while (at < to) {
    const seals = await journal.seals(session.id, at + 1, PAGE);
    if (seals.length === 0) {
      verifier.fault('gap', at + 1, '', `a seal that covers positions up to ${to}`, 'no seal');
      break;
    }
    for (const seal of seals) {
      await verifier.batch(seal);
      at = seal.to;
      options.progress?.(Math.min(at, to), to);
    }
  }
  return verifier.report();
}

interface Derivation {
  readonly service: CoreServiceName;
  readonly runner: CoreRunner;
  readonly outlet: Outlet;
  readonly snapshots: readonly StoredSnapshot[];
  readonly sameVersion: boolean;
  equal: number;
  over: boolean;
  first: VerifyFault | null;
}

class Verifier {
  private readonly journal: JournalReader;
  private readonly session: SessionRow;
  private readonly options: VerifyOptions;
  private readonly to: number;
  private readonly intake: Intake;
  private readonly derivations: Derivation[] = [];
  private readonly faults: VerifyFault[] = [];
  private chain: Chain = startChain();
  private position = 0;
  private events = 0;
  private taken = 0;
  private seals = 0;
  private snapshots = 0;
  private anchored = false;
  private readonly parentHashes = new Map<string, string>();
  private ahead: StoredEvent[] = [];

  constructor(journal: JournalReader, session: SessionRow, options: VerifyOptions, to: number) {
    this.journal = journal;
    this.session = session;
    this.options = options;
    this.to = to;
    this.intake = new Intake(session.id, new Set(['all']));
  }

  async begin(): Promise<void> {
    for (const [service, make] of Object.entries(this.options.cores) as [CoreServiceName, MakeCore][]) {
      const core = make();
      const runner = new CoreRunner(service, core, this.session.id);
      const outlet = new Outlet(service);
      if (this.session.parent !== null && this.session.parentPosition !== null) await this.fromParent(service, runner);
      this.derivations.push({
        service,
        runner,
        outlet,
        snapshots: [...(await this.journal.snapshots(this.session.id, service, this.to, 1_000))].reverse(),
        sameVersion: this.session.versions[service] === core.version,
        equal: 0,
        over: false,
        first: null,
      });
    }
  }

  fault(check: VerifyFault['check'], position: number, subject: string, expected: string, found: string): void {
    if (this.faults.length < MOST_FAULTS) this.faults.push({ check, position, subject, expected: clip(expected), found: clip(found) });
  }

  async batch(seal: Seal): Promise<void> {
    this.seals++;
    if (seal.from !== this.position + 1)
      this.fault('gap', this.position + 1, '', `a seal from ${this.position + 1}`, `one from ${seal.from}`);
    const rows = await this.rows(seal);
    const judged: JournalRow[] = [];
    let expected = seal.from;
    for (const row of rows) {
      if (row.position !== expected) {
        this.fault(
          'gap',
          expected,
          row.subject,
          `position ${expected}`,
          row.position < expected ? `position ${row.position} again` : `position ${row.position}`,
        );
        expected = row.position;
      }
      expected++;
      judged.push(this.one(row));
    }
    if (expected !== seal.to + 1) this.fault('gap', expected, '', `rows up to ${seal.to}`, `none from ${expected} on`);
    const chain = sealBatch(this.chain, judged, seal.from, seal.to);
    if (chain.head !== seal.head || chain.market !== seal.market || chain.ledger !== seal.ledger)
      this.fault('seal', seal.from, subjectsOf(judged), `hash ${seal.head} over positions ${seal.from} to ${seal.to}`, chain.head);
    if (JSON.stringify(this.intake.turns.save()) !== seal.turns)
      this.fault('turn', seal.to, '', seal.turns, JSON.stringify(this.intake.turns.save()));
    if (seal.head === this.options.anchor) this.anchored = true;
    // The stored hashes go on, so that one wrong batch is named once and not in every batch after it.
    this.chain = { market: seal.market, ledger: seal.ledger, head: seal.head };
    this.position = seal.to;
  }

  report(): VerifyReport {
    for (const derivation of this.derivations)
      this.guard(derivation, { position: this.position, subject: '' }, () =>
        derivation.outlet.expectDerivedBelow(Number.POSITIVE_INFINITY),
      );
    if (this.options.anchor !== undefined && !this.anchored)
      this.fault('seal', this.position, '', `a seal with the head ${this.options.anchor}`, `none; the last is ${this.chain.head}`);
    const other = this.derivations.filter((derivation) => !derivation.sameVersion);
    return {
      session: this.session.id,
      from: 1,
      to: this.position,
      events: this.events,
      taken: this.taken,
      seals: this.seals,
      head: this.chain.head,
      outputs: Object.fromEntries(this.derivations.map(({ service, equal }) => [service, equal])),
      otherVersions: other.map(({ service, runner, first }) => ({
        service,
        recordedBy: this.session.versions[service] ?? 'none',
        thisIs: runner.core.version,
        firstDifference: first,
      })),
      snapshots: this.snapshots,
      faults: this.faults,
      ok: this.faults.length === 0 && (this.options.strict !== true || other.every(({ first }) => first === null)),
    };
  }

  private async fromParent(service: CoreServiceName, runner: CoreRunner): Promise<void> {
    const { parent, parentPosition } = this.session as { parent: string; parentPosition: number };
    const [last] = await this.journal.snapshots(parent, service, parentPosition, 1);
    const body = last === undefined || last.position !== parentPosition ? null : openSnapshot(last);
    if (body === null)
      this.fault(
        'parent',
        1,
        `snapshot of ${service}`,
        `a sound one at ${parent}:${parentPosition}`,
        last === undefined ? 'none' : `one at ${last.position}`,
      );
    else {
      runner.loadParent(body.runner, parent, body.open);
      this.parentHashes.set(service, sha256((last as StoredSnapshot).body));
    }
  }

  private async rows(seal: Seal): Promise<StoredEvent[]> {
    const rows: StoredEvent[] = [];
    for (;;) {
      const next = this.ahead[0];
      if (next !== undefined && next.position <= seal.to) {
        // Taken in one step: seals are short, pages are long.
        let count = 0;
        while (count < this.ahead.length && (this.ahead[count] as StoredEvent).position <= seal.to) count++;
        rows.push(...this.ahead.splice(0, count));
        if (this.ahead.length > 0) return rows;
      } else if (next !== undefined) return rows;
      const from = Math.max(seal.from, (rows.at(-1)?.position ?? 0) + 1);
      if (from > seal.to) return rows;
      this.ahead = [...(await this.journal.events(this.session.id, from, PAGE))];
      if (this.ahead.length === 0) return rows;
    }
  }

  private one(row: StoredEvent): JournalRow {
    this.events++;
    const { intake } = this;
    const judgement = intake.judge(row);
    const taken = judgement === 'taken';
    if (taken !== row.taken)
      this.fault(
        'turn',
        row.position,
        row.subject,
        `${row.taken ? 'taken' : 'ignored'}, as recorded`,
        taken ? 'taken' : `${judgement}${intake.fault === null ? '' : `: ${intake.fault}`}`,
      );
    const { header, event } = intake;
    if (taken) this.taken++;
    if (row.position === 1) this.compareStarted(event);
    for (const derivation of this.derivations) {
      if (derivation.over) continue;
      this.guard(derivation, row, () => {
        const { outlet, runner } = derivation;
        outlet.expectDerivedBelow(row.position);
        if (header !== null && header.source === derivation.service && intake.counted) {
          outlet.confirm(header.n, row.position, row.subject, row.bytes, 0);
          derivation.equal++;
        }
        if (taken && event !== null && runner.wanted.has(event.type))
          runner.apply(event, (output) => outlet.offer(output.n, output.subject, output.bytes, output.cause, 0));
      });
      this.compareSnapshot(derivation, row.position);
    }
    return {
      position: row.position,
      storedAt: row.storedAt,
      subject: row.subject,
      source: null,
      n: null,
      type: null,
      v: null,
      at: null,
      cause: null,
      bytes: row.bytes,
      taken: row.taken,
      malformed: judgement === 'malformed',
      table: tableOf(row.subject),
    };
  }

  /** The session's own row is not sealed; its first event is, and says the same. */
  private compareStarted(event: AnyEvent | null): void {
    if (event?.type !== 'session.started') {
      this.fault('gap', 1, 'session.started', "the session's first event", event === null ? 'none' : event.type);
      return;
    }
    const { versions, parent, snapshots } = event.data;
    const row = JSON.stringify(Object.entries(this.session.versions).sort());
    if (JSON.stringify(Object.entries(versions).sort()) !== row)
      this.fault('parent', 1, 'sessions.versions', JSON.stringify(versions), row);
    const from = parent === null ? null : `${parent.session}:${parent.position}`;
    const rowFrom = this.session.parent === null ? null : `${this.session.parent}:${this.session.parentPosition}`;
    if (from !== rowFrom) this.fault('parent', 1, 'sessions.parent', String(from), String(rowFrom));
    for (const [service, hash] of this.parentHashes)
      if (snapshots[service] !== hash) this.fault('parent', 1, `snapshot of ${service}`, `sha256 ${snapshots[service]}`, hash);
  }

  private compareSnapshot(derivation: Derivation, position: number): void {
    const stored = derivation.snapshots.find((snapshot) => snapshot.position === position);
    if (stored === undefined || derivation.over || stored.version !== derivation.runner.core.version) return;
    const body = openSnapshot(stored);
    this.snapshots++;
    const state = JSON.stringify({
      runner: derivation.runner.save(),
      turns: this.intake.turns.save(rootsOf(derivation.service)),
      open: derivation.outlet.saveOpen(),
    });
    if (body === null) this.fault('snapshot', position, `snapshot of ${derivation.service}`, `sha256 ${stored.sha256}`, 'other bytes');
    else if (stored.body !== state) this.fault('snapshot', position, `snapshot of ${derivation.service}`, stored.body, state);
  }

  private guard(derivation: Derivation, at: { readonly position: number; readonly subject: string }, call: () => void): void {
    if (derivation.over) return;
    try {
      call();
    } catch (error) {
      derivation.over = true;
      const fault: VerifyFault =
        error instanceof ReplayDiverged
          ? { check: 'output', position: error.position, subject: error.subject, expected: clip(error.expected), found: clip(error.found) }
          : {
              check: 'output',
              position: at.position,
              subject: at.subject,
              expected: `the core of ${derivation.service} handles every recorded event`,
              found: clip((error as Error).message),
            };
      derivation.first = fault;
      if (derivation.sameVersion) this.fault(fault.check, fault.position, fault.subject, fault.expected, fault.found);
    }
  }
}

function subjectsOf(rows: readonly JournalRow[]): string {
  const subjects = [...new Set(rows.map((row) => row.subject))];
  return subjects.length <= 3 ? subjects.join(', ') : `${subjects.slice(0, 3).join(', ')} and ${subjects.length - 3} more`;
}

function clip(text: string): string {
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

/** The first event of a session, read on its own. */
export async function firstEvent(journal: JournalReader, session: string) {
  const [first] = await journal.events(session, 1, 1);
  if (first === undefined) return null;
  const scanned = scan(first.subject, first.bytes);
  const event = typeof scanned === 'string' ? scanned : parseEvent(first.subject, first.bytes, scanned, 1);
  return typeof event === 'string' || event.type !== 'session.started' ? null : event;
}
