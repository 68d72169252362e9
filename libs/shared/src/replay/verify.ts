import { canonicalJson } from '../config/canonical.ts';
import type { AnyEvent, CoreServiceName, DataOf } from '../contracts/index.ts';
import { labelsOf, type RowLabels } from '../journal/labels.ts';
import { rowOf } from '../journal/row.ts';
import { type Chain, type SealedRow, sealBatch, startChain } from '../journal/seal.ts';
import { tableOf } from '../journal/table.ts';
import { Intake, openSnapshot, type Seal, type SessionRow, type StoredEvent, sha256 } from '../runtime/index.ts';
import { Derivation, knownTo } from './derivation.ts';
import { planRanges, sealAt, type VerifyRange } from './ranges.ts';
import { keptFrom, type RecordReader, RowReader, snapshotPositions } from './record.ts';
import { type Cores, coreServices, parentsLast, versionsOf } from './starting.ts';

/** One thing that is not as it should be: where, what the journal should say, and what it says. */
export interface VerifyFault {
  readonly check: 'seal' | 'gap' | 'turn' | 'column' | 'output' | 'snapshot' | 'session' | 'parent';
  readonly position: number;
  readonly subject: string;
  readonly expected: string;
  readonly found: string;
}

/** Of a core of which this code has another version than the session. */
export interface OtherVersion {
  readonly service: string;
  readonly recordedBy: string;
  readonly thisIs: string;
  /** Recorded outputs, and how many of them this version would not have said so. */
  readonly outputs: number;
  readonly differ: number;
  readonly firstDifference: VerifyFault | null;
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
  readonly otherVersions: readonly OtherVersion[];
  readonly snapshots: number;
  readonly faults: readonly VerifyFault[];
  /** Parts that were proved apart. */
  readonly ranges: number;
  readonly ok: boolean;
}

export interface VerifyOptions {
  readonly cores: Cores;
  /** Positions: rounded to whole seals; the cores begin at the snapshots before. */
  readonly from?: number;
  readonly to?: number;
  readonly strict?: boolean;
  /** The head hash that somebody kept: it must be one of the session's. */
  readonly anchor?: string;
  readonly progress?: (position: number, to: number) => void;
  readonly signal?: AbortSignal;
}

type RangeOptions = Pick<VerifyOptions, 'cores' | 'anchor' | 'progress' | 'signal'>;

/** What one range has found. Plain data: it may come from another process. */
export interface RangeReport {
  readonly range: VerifyRange;
  readonly to: number;
  readonly events: number;
  readonly taken: number;
  readonly seals: number;
  readonly head: string;
  readonly anchored: boolean;
  readonly outputs: Readonly<Record<string, number>>;
  readonly otherVersions: readonly OtherVersion[];
  readonly snapshots: number;
  readonly faults: readonly VerifyFault[];
}

const PAGE = 5_000;
const MOST_FAULTS = 50;

/**
 * Proves a session from its journal alone: the seals over every row, no position missing, every turn judged again, and
 * every output of every core derived again and compared byte for byte.
 */
export async function verifySession(journal: RecordReader, session: SessionRow, options: VerifyOptions): Promise<VerifyReport> {
  const { cores, from, to } = options;
  const ranges = await planRanges(journal, session, versionsOf(cores), {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  });
  const reports: RangeReport[] = [];
  for (const range of ranges) reports.push(await verifyRange(journal, session, range, options));
  return summary(journal, session, reports, options);
}

/** Puts together what the ranges have found, in their order, and looks at what belongs to none of them. */
export async function summary(
  journal: RecordReader,
  session: SessionRow,
  reports: readonly RangeReport[],
  { anchor, strict }: Pick<VerifyOptions, 'anchor' | 'strict'>,
): Promise<VerifyReport> {
  const first = reports[0] as RangeReport;
  const last = reports.at(-1) as RangeReport;
  const before = await sealsBefore(journal, session, first.range.after, anchor);
  const faults = [...before.faults, ...reports.flatMap((report) => report.faults)];
  if (anchor !== undefined && !before.anchored && !reports.some(({ anchored }) => anchored))
    faults.push({
      check: 'seal',
      position: last.to,
      subject: '',
      expected: `a seal with the head ${anchor}`,
      found: `none; the last is ${last.head}`,
    });
  const outputs: Record<string, number> = {};
  for (const report of reports)
    for (const [service, count] of Object.entries(report.outputs)) outputs[service] = (outputs[service] ?? 0) + count;
  const otherVersions = reports.length === 1 ? first.otherVersions : [];
  const sum = (of: (report: RangeReport) => number) => reports.reduce((total, report) => total + of(report), 0);
  return {
    session: session.id,
    from: first.range.after + 1,
    to: last.to,
    events: sum(({ events }) => events),
    taken: sum(({ taken }) => taken),
    seals: sum(({ seals }) => seals),
    head: last.head,
    outputs,
    otherVersions,
    snapshots: sum(({ snapshots }) => snapshots),
    faults: faults.slice(0, MOST_FAULTS),
    ranges: reports.length,
    ok:
      faults.length === 0 &&
      (strict !== true || otherVersions.every(({ differ, firstDifference }) => differ === 0 && firstDifference === null)),
  };
}

/** Where rows are gone, the heads still follow from each other: nothing was taken out of the chain. */
async function sealsBefore(
  journal: RecordReader,
  session: SessionRow,
  after: number,
  anchor: string | undefined,
): Promise<{ readonly faults: readonly VerifyFault[]; readonly anchored: boolean }> {
  const faults: VerifyFault[] = [];
  let anchored = false;
  if (after === 0 || (anchor === undefined && (await keptFrom(journal, session)) === 1)) return { faults, anchored };
  const imported = (await journal.isImported?.(session.id)) ?? false;
  let previous: Seal | null = null;
  for (let at = 0; at < after && faults.length < MOST_FAULTS; ) {
    const seals = (await journal.seals(session.id, at + 1, PAGE)).filter(({ to }) => to <= after);
    if (seals.length === 0) break;
    for (const seal of seals) {
      if (seal.head === anchor) anchored = true;
      // What stands before the first seal of an imported range is in the journal it came from.
      const chain: Chain | null = previous ?? (seal.from === 1 || !imported ? startChain() : null);
      if (chain !== null) {
        if (seal.from !== at + 1)
          faults.push({ check: 'gap', position: at + 1, subject: '', expected: `a seal from ${at + 1}`, found: `one from ${seal.from}` });
        const { head } = sealBatch({ ...seal, head: chain.head }, [], seal.from, seal.to);
        if (head !== seal.head)
          faults.push({
            check: 'seal',
            position: seal.from,
            subject: '',
            expected: `head ${seal.head} over positions ${seal.from} to ${seal.to}`,
            found: head,
          });
      }
      previous = seal;
      at = seal.to;
    }
  }
  return { faults, anchored };
}

/** Proves one range; what it says of the others' positions is nothing. */
export async function verifyRange(
  journal: RecordReader,
  session: SessionRow,
  range: VerifyRange,
  options: RangeOptions,
): Promise<RangeReport> {
  const verifier = new RangeVerifier(journal, session, range, options);
  return verifier.run();
}

class RangeVerifier {
  private readonly journal: RecordReader;
  private readonly session: SessionRow;
  private readonly range: VerifyRange;
  private readonly options: RangeOptions;
  private readonly intake: Intake;
  private readonly derivations: Derivation[] = [];
  /** Where each core has snapshots to be held against, the next one last. */
  private readonly snapshotsAhead = new Map<CoreServiceName, number[]>();
  private readonly faults: VerifyFault[] = [];
  private readonly parentHashes = new Map<string, string>();
  /** Of rows that have not been looked at yet. */
  private readonly labels = new Map<number, RowLabels>();
  private chain: Chain = startChain();
  private position: number;
  private events = 0;
  private taken = 0;
  private seals = 0;
  private snapshots = 0;
  private anchored = false;

  constructor(journal: RecordReader, session: SessionRow, range: VerifyRange, options: RangeOptions) {
    this.journal = journal;
    this.session = session;
    this.range = range;
    this.options = options;
    this.position = range.after;
    this.intake = new Intake(session.id, new Set(['all']));
    this.intake.known = (row, header) => knownTo(this.derivations, row, header);
  }

  async run(): Promise<RangeReport> {
    const { journal, session, range } = this;
    await this.begin();
    const rows = new RowReader(journal, session.id, range.after + 1, undefined, (labels) => this.labels.set(labels.position, labels));
    if (range.whole) await this.checkEnd();
    let at = range.after;
    while (at < range.to) {
      const seals = await journal.seals(session.id, at + 1, PAGE);
      if (seals.length === 0) {
        this.fault('gap', at + 1, '', `a seal that covers positions up to ${range.to}`, 'no seal');
        break;
      }
      for (const seal of seals) {
        if (at >= range.to) break;
        this.options.signal?.throwIfAborted();
        await this.batch(seal, await rows.upTo(seal.to));
        at = seal.to;
        this.options.progress?.(Math.min(at, range.to) - range.after, range.to - range.after);
      }
    }
    await this.handOver(rows, at);
    for (const derivation of this.derivations) {
      derivation.end(this.position);
      this.told(derivation);
    }
    return this.report();
  }

  private async checkEnd(): Promise<void> {
    const { session } = this;
    const head = await this.journal.head(session.id);
    const to = session.end ?? head;
    if (head !== to) this.fault('gap', Math.min(head, to) + 1, '', `the last seal at the session's end, ${to}`, `one at ${head}`);
    const unsealed = (await this.journal.unsealed?.(session.id)) ?? null;
    if (unsealed !== null) this.fault('gap', unsealed, '', 'a seal over every row', 'a row without one');
    const over = session.status === 'ended' || session.status === 'lost';
    if (over !== (session.end !== null))
      this.fault('session', head, 'sessions.status', over ? 'an end' : 'no end before it is over', `${session.status}, end ${session.end}`);
    if (session.status === 'lost' && session.lostFrom !== to + 1)
      this.fault('session', head, 'sessions.lost_from', String(to + 1), String(session.lostFrom));
    if (to === 0 && session.status !== 'starting' && session.end === null)
      this.fault('gap', 1, 'session.started', 'the first event of a live session', 'an empty journal');
  }

  private async begin(): Promise<void> {
    const { journal, session, range } = this;
    if (range.after > 0) {
      const seal = await sealAt(journal, session.id, range.after);
      if (seal === null) this.fault('gap', range.after, '', `a seal that ends at ${range.after}`, 'none');
      else {
        this.chain = { market: seal.market, ledger: seal.ledger, head: seal.head };
        this.intake.turns.load(JSON.parse(seal.turns));
      }
    }
    for (const service of coreServices(this.options.cores)) {
      const begin = range.begins[service];
      if (begin === undefined) continue;
      const core = (this.options.cores[service] as () => ReturnType<Cores[CoreServiceName]>)();
      const derivation = new Derivation(session.id, service, core, session.versions[service]);
      if (begin > 0) {
        const [stored] = await journal.snapshots(session.id, service, begin, 1);
        if (stored?.position !== begin || !derivation.fromSnapshot(stored)) {
          this.fault('snapshot', begin, `snapshot of ${service}`, 'a sound one', stored?.position === begin ? 'other bytes' : 'none');
          continue;
        }
        if (begin === range.after) derivation.load(this.intake);
      } else await this.fromParent(service, derivation);
      const ahead = await snapshotPositions(journal, session.id, service);
      const end = range.ends[service] ?? Number.POSITIVE_INFINITY;
      this.snapshotsAhead.set(service, ahead.filter((at) => at > begin && at > 0 && at <= end).reverse());
      this.derivations.push(derivation);
    }
  }

  private async fromParent(service: CoreServiceName, derivation: Derivation): Promise<void> {
    const last = await parentsLast(this.journal, this.session, service);
    if (last === null) return;
    const { stored, parent, position } = last;
    if (stored !== undefined && stored.position === position && derivation.fromParent(stored, parent))
      this.parentHashes.set(service, sha256(stored.body));
    else
      this.fault(
        'parent',
        1,
        `snapshot of ${service}`,
        `a sound one at ${parent}:${position}`,
        stored === undefined ? 'none' : `one at ${stored.position}`,
      );
  }

  /** Past the range's end, each core goes on to the snapshot that the next range begins it from. */
  private async handOver(rows: RowReader, from: number): Promise<void> {
    const ends = Object.values(this.range.ends);
    const to = Math.max(from, ...ends);
    for (let at = from; at < to; ) {
      const found = await rows.upTo(Math.min(to, at + PAGE));
      if (found.length === 0) return;
      this.options.signal?.throwIfAborted();
      for (const row of found) {
        const taken = this.intake.judge(row) === 'taken';
        await this.derive(row, taken);
        at = row.position;
      }
    }
  }

  private async batch(seal: Seal, rows: readonly StoredEvent[]): Promise<void> {
    this.seals++;
    if (seal.from !== this.position + 1)
      this.fault('gap', this.position + 1, '', `a seal from ${this.position + 1}`, `one from ${seal.from}`);
    const judged: SealedRow[] = [];
    let expected = seal.from;
    for (const row of rows) {
      if (row.position < seal.from) continue;
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
      const sealed = this.one(row);
      if (row.position === 1) await this.compareStarted(this.intake.event);
      judged.push(sealed);
      const due = this.derive(row, this.tookLast);
      if (due !== undefined) await due;
    }
    if (expected !== seal.to + 1) this.fault('gap', expected, '', `rows up to ${seal.to}`, `none from ${expected} on`);
    const chain = sealBatch(this.chain, judged, seal.from, seal.to);
    if (chain.head !== seal.head || chain.market !== seal.market || chain.ledger !== seal.ledger)
      this.fault('seal', seal.from, subjectsOf(judged), `hash ${seal.head} over positions ${seal.from} to ${seal.to}`, chain.head);
    const turns = JSON.stringify(this.intake.turns.save());
    if (turns !== seal.turns) this.fault('turn', seal.to, '', seal.turns, turns);
    if (seal.head === this.options.anchor) this.anchored = true;
    // The stored hashes go on, so that one wrong batch is named once and not in every batch after it.
    this.chain = { market: seal.market, ledger: seal.ledger, head: seal.head };
    this.position = seal.to;
  }

  private tookLast = false;

  private one(row: StoredEvent): SealedRow {
    this.events++;
    const { intake } = this;
    const judgement = intake.judge(row);
    const taken = judgement === 'taken';
    this.tookLast = taken;
    if (taken !== row.taken)
      this.fault(
        'turn',
        row.position,
        row.subject,
        `${row.taken ? 'taken' : 'ignored'}, as recorded`,
        taken ? 'taken' : `${judgement}${intake.fault === null ? '' : `: ${intake.fault}`}`,
      );
    if (taken) this.taken++;
    const labels = this.labels.get(row.position);
    if (labels !== undefined) this.compareLabels(labels, labelsOf(rowOf(row, judgement, intake)), row.subject);
    const { position, storedAt, subject, bytes } = row;
    return { position, storedAt, subject, bytes, taken: row.taken, malformed: judgement === 'malformed', table: tableOf(subject) };
  }

  /** Feeds the cores; where one of them has a snapshot at this place, holds it against that. */
  private derive(row: StoredEvent, taken: boolean): Promise<void> | undefined {
    let due: Promise<void> | undefined;
    for (const derivation of this.derivations) {
      const end = this.range.ends[derivation.service];
      if (end !== undefined && row.position > end) continue;
      derivation.see(row, this.intake, taken);
      const ahead = this.snapshotsAhead.get(derivation.service) as number[];
      if (ahead[ahead.length - 1] !== row.position) continue;
      ahead.pop();
      const before = due;
      due = (before ?? Promise.resolve()).then(() => this.compareSnapshot(derivation, row.position));
    }
    return due;
  }

  private report(): RangeReport {
    const other = this.derivations.filter((derivation) => !derivation.sameVersion);
    return {
      range: this.range,
      to: this.position,
      events: this.events,
      taken: this.taken,
      seals: this.seals,
      head: this.chain.head,
      anchored: this.anchored,
      outputs: Object.fromEntries(this.derivations.map(({ service, equal }) => [service, equal])),
      otherVersions: other.map((derivation) => ({
        service: derivation.service,
        recordedBy: this.session.versions[derivation.service] ?? 'none',
        thisIs: derivation.runner.core.version,
        ...derivation.differences,
        firstDifference: derivation.divergence === null ? null : faultOf(derivation),
      })),
      snapshots: this.snapshots,
      faults: this.faults,
    };
  }

  /** By them people ask for events, and sums are made: they follow from the bytes, which the seal covers. */
  private compareLabels(found: RowLabels, expected: RowLabels, subject: string): void {
    this.labels.delete(found.position);
    for (const name of ['table', 'kept', 'source', 'n', 'type', 'v', 'at', 'cause'] as const)
      if (found[name] !== expected[name])
        this.fault('column', found.position, subject, `${name} ${expected[name]}, as the bytes say`, `${name} ${found[name]}`);
  }

  /** The session's own row is not sealed; its first event is, and says the same. */
  private async compareStarted(event: AnyEvent | null): Promise<void> {
    if (event?.type !== 'session.started') {
      this.fault('gap', 1, 'session.started', "the session's first event", event === null ? 'none' : event.type);
      return;
    }
    const { versions, parent, snapshots, config, configHash } = event.data;
    if (configHash !== this.session.configHash) this.fault('session', 1, 'sessions.config_hash', configHash, this.session.configHash);
    const rowConfig = await this.journal.configOf?.(this.session.id);
    if (rowConfig !== undefined && !isJsonOf(rowConfig, config))
      this.fault('session', 1, 'sessions.config', canonicalJson(config), rowConfig);
    const row = JSON.stringify(Object.entries(this.session.versions).sort());
    if (JSON.stringify(Object.entries(versions).sort()) !== row)
      this.fault('parent', 1, 'sessions.versions', JSON.stringify(versions), row);
    const from = parent === null ? null : `${parent.session}:${parent.position}`;
    const { parent: rowParent, parentPosition } = this.session;
    const rowFrom = rowParent === null && parentPosition === null ? null : `${rowParent}:${parentPosition}`;
    if (from !== rowFrom) this.fault('parent', 1, 'sessions.parent', String(from), String(rowFrom));
    for (const [service, hash] of this.parentHashes)
      if (snapshots[service] !== hash) this.fault('parent', 1, `snapshot of ${service}`, `sha256 ${snapshots[service]}`, hash);
    await this.compareParent(parent);
  }

  /** What the parent's row says of its end stands sealed in its child. */
  private async compareParent(named: DataOf<'session.started'>['parent']): Promise<void> {
    const row = named === null ? null : await this.journal.session(named.session);
    if (named === null || row === null) return;
    const told = (from: number | null, to: number | null) => (from === null && to === null ? 'nothing lost' : `lost from ${from} to ${to}`);
    const expected = told(named.lost?.from ?? null, named.lost?.to ?? null);
    const found = told(row.lostFrom, row.lostTo);
    if (found !== expected) this.fault('parent', 1, `sessions.lost_from of ${row.id}`, expected, found);
    // What was imported has ended, in whatever way it did; and it may be a part only.
    if (named.reason === 'fork' || named.reason === 'import') return;
    if ((await this.journal.isImported?.(row.id)) === true) return;
    const status = named.reason === 'lost' ? 'lost' : 'ended';
    if (row.status !== status || row.end !== named.position)
      this.fault('parent', 1, `sessions.status of ${row.id}`, `${status}, end ${named.position}`, `${row.status}, end ${row.end}`);
  }

  private async compareSnapshot(derivation: Derivation, position: number): Promise<void> {
    if (derivation.over) return;
    const [stored] = await this.journal.snapshots(this.session.id, derivation.service, position, 1);
    if (stored?.position !== position) return;
    const { version, schema } = derivation.runner.core;
    if (stored.version !== version) {
      // A later version's process may have come to the end too; it never recorded.
      if (stored.version !== this.session.versions[derivation.service] && position !== this.session.end)
        this.fault('snapshot', position, `snapshot of ${derivation.service}`, `version ${version}`, `version ${stored.version}`);
      return;
    }
    if (stored.schema !== schema)
      this.fault('snapshot', position, `snapshot of ${derivation.service}`, `schema ${schema}`, `schema ${stored.schema}`);
    this.snapshots++;
    const state = derivation.state(this.intake);
    const name = `snapshot of ${derivation.service}`;
    if (openSnapshot(stored) === null) this.fault('snapshot', position, name, `sha256 ${stored.sha256}`, 'other bytes');
    else if (stored.body !== state) this.fault('snapshot', position, name, stored.body, state);
  }

  private told(derivation: Derivation): void {
    if (derivation.divergence === null || !derivation.sameVersion) return;
    const { check, position, subject, expected, found } = faultOf(derivation);
    this.fault(check, position, subject, expected, found);
  }

  private fault(check: VerifyFault['check'], position: number, subject: string, expected: string, found: string): void {
    if (this.faults.length < MOST_FAULTS) this.faults.push({ check, position, subject, expected: clip(expected), found: clip(found) });
  }
}

function isJsonOf(text: string, value: unknown): boolean {
  try {
    return canonicalJson(JSON.parse(text)) === canonicalJson(value);
  } catch {
    return false; // what is no JSON is not its text
  }
}

function faultOf({ divergence, service }: Derivation): VerifyFault {
  if (divergence === null) throw new Error(`${service} has not diverged`);
  const { position, subject, expected, found } = divergence;
  return { check: 'output', position, subject, expected: clip(expected), found: clip(found) };
}

function subjectsOf(rows: readonly { readonly subject: string }[]): string {
  const subjects = [...new Set(rows.map((row) => row.subject))];
  return subjects.length <= 3 ? subjects.join(', ') : `${subjects.slice(0, 3).join(', ')} and ${subjects.length - 3} more`;
}

function clip(text: string): string {
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
