import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { type Archive, backup, backupsIn, openArchive, storageOf } from '@arb/shared/journal';
import {
  coreServiceNamed,
  exportSession,
  importSession,
  NotThere,
  parseRoute,
  readEvent,
  resolveEvent,
  resolveSession,
  runTask,
  sessionFacts,
  verifyInParallel,
  why,
  whyNot,
} from '@arb/shared/replay';
import type { SessionRow } from '@arb/shared/runtime';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CORES_MODULE } from './cores-module.ts';
import type { BackupQuery, RangeQuery, VerifyQuery, WhyNotQuery } from './endpoints.ts';

export const OPTIONS = Symbol('archive options');

export interface ArchiveOptions {
  readonly postgresUrl: string;
  readonly home: string;
  readonly retentionDays: number;
  readonly httpHost: string;
  /** Another module of cores than this version's. */
  readonly cores?: string;
  /** For the processes that replay, where sources are run as they are. */
  readonly execArgv?: readonly string[];
}

/** What the API answers with. Replays run in processes of their own that give way: recording comes first. */
@Injectable()
export class ArchiveService implements OnModuleDestroy {
  private readonly options: ArchiveOptions;
  private readonly archive: Archive;

  constructor(@Inject(OPTIONS) options: ArchiveOptions) {
    this.options = options;
    this.archive = openArchive(options.postgresUrl);
  }

  async onModuleDestroy(): Promise<void> {
    await this.archive.close();
  }

  sessions(limit: number) {
    return this.archive.list(limit);
  }

  async session(session: string) {
    return sessionFacts(this.archive, (await resolveSession(this.archive, session)).id);
  }

  async event(text: string) {
    const { session, position } = await resolveEvent(this.archive, text);
    const row = await this.archive.event(session.id, position);
    if (row === null) throw new NotThere(`${session.id} has no row at position ${position}`);
    const { storedAt, subject, taken, bytes } = row;
    const event = readEvent(row);
    return {
      session: session.id,
      position,
      storedAt,
      subject,
      taken,
      event,
      base64: event === null ? Buffer.from(bytes).toString('base64') : null,
    };
  }

  async why(text: string) {
    const { session, position } = await resolveEvent(this.archive, text);
    return why(this.archive, session, position);
  }

  async whyNot({ route, at, session: of }: WhyNotQuery) {
    const asked = parseRoute(route);
    const session = await resolveSession(this.archive, of);
    const place = await resolveEvent(this.archive, at, { session });
    return whyNot(this.archive, place.session, asked, place.position);
  }

  async state(name: string, at: string, signal: AbortSignal) {
    const service = coreServiceNamed(name);
    const { session, position } = await resolveEvent(this.archive, at);
    return runTask({ kind: 'state', session, service, position }, this.worker(signal));
  }

  async replay(text: string, until: string, signal: AbortSignal) {
    const { session, position: from } = await resolveEvent(this.archive, text);
    const { position: to } = await resolveEvent(this.archive, until, { session, only: true });
    if (to < from) throw new NotThere(`to is position ${to}, before the first one, ${from}: name a later event`);
    return runTask({ kind: 'replay', session, from, to }, this.worker(signal));
  }

  async verify(name: string, { jobs, strict, anchor, ...range }: VerifyQuery, signal: AbortSignal) {
    const session = await resolveSession(this.archive, name);
    return verifyInParallel(this.archive, session, {
      jobs,
      strict,
      ...(anchor === undefined ? {} : { anchor }),
      ...(await this.range(session, range)),
      worker: this.worker(signal),
    });
  }

  /** The name of the file, and what writes it once somebody takes it. */
  async exportSession(name: string, query: RangeQuery) {
    const session = await resolveSession(this.archive, name);
    const range = await this.range(session, query);
    return {
      file: `${session.id}.arb.gz`,
      write: (into: Writable, signal: AbortSignal) => exportSession(this.archive, session, into, { ...range, signal }),
    };
  }

  importSession(source: Readable, signal: AbortSignal) {
    return importSession(this.options.postgresUrl, source, { signal });
  }

  storage() {
    return storageOf(this.options.postgresUrl, this.options.retentionDays);
  }

  backups() {
    return backupsIn(this.folder());
  }

  backup({ keep, check }: BackupQuery, signal: AbortSignal) {
    return backup(this.options.postgresUrl, { folder: this.folder(), keep, check, signal });
  }

  private folder(): string {
    return join(this.options.home, 'backups');
  }

  private worker(signal: AbortSignal) {
    const { postgresUrl, execArgv, cores = CORES_MODULE } = this.options;
    return { url: postgresUrl, cores, background: true, signal, ...(execArgv === undefined ? {} : { execArgv }) };
  }

  private async range(session: SessionRow, { from, to }: RangeQuery): Promise<{ readonly from?: number; readonly to?: number }> {
    const place = async (text: string) => (await resolveEvent(this.archive, text, { session, only: true })).position;
    const range = { ...(from === undefined ? {} : { from: await place(from) }), ...(to === undefined ? {} : { to: await place(to) }) };
    if (range.from !== undefined && range.to !== undefined && range.to < range.from)
      throw new NotThere(`to is position ${range.to}, before from, ${range.from}: name a later event`);
    return range;
  }
}
