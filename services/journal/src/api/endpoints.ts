import { event, flag, hash, Param, text, whole } from './fields.ts';

export class Nothing {}

export class SessionsQuery {
  @Param(whole(1, 1_000), 'how many at most, newest first')
  readonly limit: number = 50;
}
export class SessionPath {
  @Param(text, 'a session id, an unambiguous beginning of one, or last', { required: true })
  readonly session!: string;
}
export class EventPath {
  @Param(event, '[session:]position, first, last, -1000, a time, or fill:last', { required: true })
  readonly event!: string;
}
export class WhyNotQuery {
  @Param(text, 'BTC, BTC:binance-upbit (buy there, sell there) or binance-upbit', { required: true })
  readonly route!: string;
  @Param(event, 'when: an event or a time')
  readonly at: string = 'last';
  @Param(text, 'another session than the present one')
  readonly session?: string;
}
export class ServicePath {
  @Param(text, 'a service with a core', { required: true })
  readonly service!: string;
}
export class AtQuery {
  @Param(event, 'after which event')
  readonly at: string = 'last';
}
export class ReplayQuery {
  @Param(event, 'the last event of the range')
  readonly to: string = 'last';
}
export class RangeQuery {
  @Param(event, 'the first event')
  readonly from?: string;
  @Param(event, 'the last event')
  readonly to?: string;
}
export class VerifyQuery {
  @Param(event, 'from the seal and the snapshots before it')
  readonly from?: string;
  @Param(event, 'to the end of its seal')
  readonly to?: string;
  @Param(whole(1, 16), 'processes at once')
  readonly jobs: number = 1;
  @Param(flag, 'differences to a session of another code version fail too')
  readonly strict: boolean = false;
  @Param(hash, 'a head hash you kept: nothing up to it was changed since')
  readonly anchor?: string;
}
export class BackupQuery {
  @Param(whole(1, 1_000), 'so many backups stay')
  readonly keep: number = 7;
  @Param(flag, 'restores it at once beside the journal and looks at it')
  readonly check: boolean = false;
}

export interface Endpoint {
  readonly method: 'get' | 'post';
  /** Below `/api`; `:name` is a field of `params`. */
  readonly path: string;
  readonly command: string;
  readonly says: string;
  readonly params: new () => object;
  readonly query: new () => object;
  /** What comes back, beside JSON; and what is sent. */
  readonly sends?: string;
  readonly takes?: string;
  /** So much work that few of it are done at once. */
  readonly heavy?: boolean;
}

/** Every endpoint of the archive: routes, parameters and openapi.json are made from it. */
export const ENDPOINTS = {
  sessions: {
    method: 'get',
    path: 'sessions',
    command: 'arb sessions',
    says: 'the sessions in the journal, newest first, and whether a journal writes to one now (running)',
    params: Nothing,
    query: SessionsQuery,
  },
  session: {
    method: 'get',
    path: 'sessions/:session',
    command: 'arb session',
    says: 'one session: status, span, counts, PnL, versions, configuration, parent and children, lost range',
    params: SessionPath,
    query: Nothing,
  },
  event: {
    method: 'get',
    path: 'events/:event',
    command: 'arb why',
    says: 'a recorded event as it stands',
    params: EventPath,
    query: Nothing,
  },
  why: {
    method: 'get',
    path: 'why/:event',
    command: 'arb why',
    says: 'what an event rests on, and what followed from it',
    params: EventPath,
    query: Nothing,
  },
  whyNot: {
    method: 'get',
    path: 'why-not',
    command: 'arb why-not',
    says: 'why a coin or route was not traded: the nearest refusals, rule by rule',
    params: Nothing,
    query: WhyNotQuery,
  },
  state: {
    method: 'get',
    path: 'state/:service',
    command: 'arb state',
    says: "a core's state as it was after an event",
    params: ServicePath,
    query: AtQuery,
    heavy: true,
  },
  replay: {
    method: 'get',
    path: 'replay/:event',
    command: 'arb replay',
    says: 'recorded events into the cores again, held against the record',
    params: EventPath,
    query: ReplayQuery,
    heavy: true,
  },
  verify: {
    method: 'get',
    path: 'verify/:session',
    command: 'arb verify',
    says: 'proves a session: seals, no gap, every output derived again',
    params: SessionPath,
    query: VerifyQuery,
    heavy: true,
  },
  exportSession: {
    method: 'get',
    path: 'sessions/:session/export',
    command: 'arb export',
    says: 'a session, or a range of it, as one file',
    params: SessionPath,
    query: RangeQuery,
    sends: 'application/gzip',
    heavy: true,
  },
  importSession: {
    method: 'post',
    path: 'import',
    command: 'arb import',
    says: 'an exported session into this journal; a file that was changed is refused',
    params: Nothing,
    query: Nothing,
    takes: 'application/octet-stream',
    heavy: true,
  },
  storage: {
    method: 'get',
    path: 'storage',
    command: 'arb storage',
    says: 'where the space goes, and what retention will drop',
    params: Nothing,
    query: Nothing,
  },
  backups: {
    method: 'get',
    path: 'backups',
    command: 'arb restore',
    says: 'the backups that are there, newest first',
    params: Nothing,
    query: Nothing,
  },
  backup: {
    method: 'post',
    path: 'backups',
    command: 'arb backup',
    says: 'the whole journal into one file; the oldest files go',
    params: Nothing,
    query: BackupQuery,
    heavy: true,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;

export type EndpointName = keyof typeof ENDPOINTS;
