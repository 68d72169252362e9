import { connect, errors, type NatsConnection } from '@nats-io/transport-node';
import { HURRIED } from '../contracts/index.ts';
import type { AdminLink, Bus, Link, StreamMessage } from '../runtime/ports.ts';
import { Refusal } from '../runtime/refusal.ts';
import { microsOf } from './ack.ts';
import { type Addressee, echoFilterOf, filterOf, plainOf, wireOf } from './address.ts';
import { streamAdmin } from './admin.ts';
import { ask, checkedName, infoOf, JetStreamError, NO_MESSAGE, NO_STREAM, streamState } from './api.ts';
import { inboxOf } from './config.ts';
import { poll } from './polling.ts';
import { type Line, read } from './reading.ts';

export interface NatsBusOptions {
  /** One address, several with commas between them, or a list: any of a cluster's serves. */
  readonly servers: string | readonly string[];
  /** Left out only against a server that knows no users. */
  readonly user?: string;
  readonly password?: string;
  /** Shown in the server's list of connections. */
  readonly name: string;
  readonly admin?: boolean;
  /** Copies of each stream that is created, on as many servers; 1 unless said otherwise. */
  readonly replicas?: number;
}

/** Whoever is not in the way of an order is woken so often, instead of for each message. */
const UNHURRIED_MS = 10;
const CONNECT_TIMEOUT_MS = 5_000;
const FLUSH_TIMEOUT_MS = 1_000;
/** Four unanswered pings: a slow reader gets the answer only after everything that was sent before it. */
const PING_INTERVAL_MS = 5_000;
const MOST_PINGS_OUT = 4;

/** The message bus on NATS. Every `connect` is one connection that lives once. */
export function natsBus(options: NatsBusOptions & { readonly admin: true }): Bus<AdminLink>;
export function natsBus(options: NatsBusOptions): Bus;
export function natsBus(options: NatsBusOptions): Bus<Link | AdminLink> {
  return {
    async connect() {
      const where = `${serversOf(options).join(', ')}${options.user === undefined ? '' : ` as ${options.user}`}`;
      const nc = await dial(options, where);
      try {
        await ask(nc, 'INFO');
      } catch (cause) {
        await nc.close();
        if (!(cause instanceof JetStreamError) && !isNoResponders(cause)) throw cause;
        throw new Error(
          `NATS at ${where} runs without JetStream: start nats-server with a configuration that has a jetstream block, or with -js`,
          { cause },
        );
      }
      return linkOn(nc, where, inboxOf(options.user), options.admin === true ? { replicas: options.replicas ?? 1 } : null);
    },
  };
}

function serversOf({ servers }: NatsBusOptions): readonly string[] {
  return [servers].flat().flatMap((text) => text.split(',').map((one: string) => one.trim()));
}

async function dial(options: NatsBusOptions, where: string): Promise<NatsConnection> {
  try {
    return await connect({
      servers: [...serversOf(options)],
      ...(options.user === undefined ? {} : { user: options.user, pass: options.password ?? '' }),
      name: options.name,
      inboxPrefix: inboxOf(options.user),
      reconnect: false,
      ignoreClusterUpdates: true,
      noAsyncTraces: true,
      timeout: CONNECT_TIMEOUT_MS,
      pingInterval: PING_INTERVAL_MS,
      maxPingOut: MOST_PINGS_OUT,
    });
  } catch (cause) {
    // A machine so busy that the login came too late for the server: nothing is wrong with it, and the next try may be in time.
    if (cause instanceof errors.AuthorizationError && !/timeout/i.test(cause.message))
      throw new Refusal(
        `NATS at ${where} refuses the login: unknown user or wrong password; compare them with the server's configuration`,
        { cause },
      );
    const why = cause instanceof errors.TimeoutError ? `no answer within ${CONNECT_TIMEOUT_MS} ms` : (cause as Error).message;
    throw new Error(`no connection to NATS at ${where}: ${why}; is nats-server running there?`, { cause });
  }
}

function isNoResponders(error: unknown): boolean {
  const cause = (error as Error).cause;
  return cause instanceof errors.NoRespondersError || (cause instanceof errors.RequestError && cause.isNoResponders());
}

function linkOn(nc: NatsConnection, where: string, inboxPrefix: string, admin: { readonly replicas: number } | null): Link | AdminLink {
  const line: Line = { nc, inboxPrefix, open: new Set() };
  let reason: string | null = null;

  const closed = nc.closed().then((error) => {
    const why = reason ?? `connection to NATS at ${where} lost: ${error instanceof Error ? error.message : 'the server closed it'}`;
    reason = why;
    for (const end of [...line.open]) end(why);
    return why;
  });

  // A refused subject is a fault of the program: the link ends and says which, instead of losing events without a word.
  const watch = async (): Promise<void> => {
    for await (const status of nc.status()) {
      if (status.type !== 'error' || !(status.error instanceof errors.PermissionViolationError) || reason !== null) continue;
      const { operation, subject } = status.error;
      reason = `NATS at ${where} refuses to let this user ${operation === 'publish' ? 'publish' : 'subscribe'} ${plainOf(subject)}: the catalog of events does not name it as ${operation === 'publish' ? 'a writer' : 'a reader'}; the connection was ended`;
      // Not awaited: the client waits for this loop to end.
      void nc.close();
    }
  };
  void watch();

  const link: Link = {
    closed,
    async streamInfo(stream) {
      const found = await streamState(nc, stream);
      return found === null ? null : infoOf(found);
    },
    message: (stream, position) => message(nc, stream, position),
    read: (stream, from, service, onMessage, onEnd) =>
      service !== null && HURRIED.includes(service)
        ? read(line, stream, from, service, onMessage, onEnd)
        : poll(line, stream, from, { filter: service === null ? null : filterOf(service), everyMs: UNHURRIED_MS }, onMessage, onEnd),
    readEchoes: (stream, from, service, everyMs, level, onMessage, onEnd) =>
      poll(line, stream, from, { filter: echoFilterOf(service as Addressee), everyMs, level }, onMessage, onEnd),
    // The client writes what it gathered in a microtask, so at the end of the present turn: one write for all outputs of one
    // batch of inputs, and no timer in between.
    publish(subject, bytes) {
      if (reason === null && !nc.isClosed()) nc.publish(wireOf(subject), bytes);
    },
    async close() {
      for (const end of [...line.open]) end(null);
      if (reason === null) {
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<void>((resolve) => {
          timer = setTimeout(resolve, FLUSH_TIMEOUT_MS);
        });
        // What was published just before must leave; when the connection breaks meanwhile, it is closed as well.
        await Promise.race([nc.flush().catch(() => {}), late]);
        clearTimeout(timer);
        reason ??= `connection to NATS at ${where} closed by this process`;
      }
      await nc.close();
      await closed;
    },
  };
  return admin === null ? link : { ...link, admin: streamAdmin(nc, admin.replicas) };
}

/** Null when the stream no longer has that position, or is itself gone. */
async function message(nc: NatsConnection, stream: string, position: number): Promise<StreamMessage | null> {
  try {
    const answer = await ask<{ message: { seq: number; time: string; subject: string; data?: string } }>(
      nc,
      `STREAM.MSG.GET.${checkedName(stream)}`,
      { seq: position },
    );
    const { seq, time, subject, data } = answer.message;
    return { position: seq, storedAt: microsOf(time), subject: plainOf(subject), bytes: Buffer.from(data ?? '', 'base64') };
  } catch (error) {
    if (error instanceof JetStreamError && (error.number === NO_MESSAGE || error.number === NO_STREAM)) return null;
    throw error;
  }
}
