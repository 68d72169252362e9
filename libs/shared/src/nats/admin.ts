import type { NatsConnection } from '@nats-io/transport-node';
import type { StreamAdmin } from '../runtime/ports.ts';
import { Refusal } from '../runtime/refusal.ts';
import { plainOf, wireOf } from './address.ts';
import {
  answered,
  ask,
  checkedName,
  infoOf,
  JetStreamError,
  NAME_IN_USE,
  NO_CLUSTER,
  NO_PEERS,
  NO_STREAM,
  type StreamState,
  streamState,
} from './api.ts';

/** Nobody sends message ids, so the server has nothing to remember; this is the shortest window it accepts. */
const DUPLICATE_WINDOW_NS = 100_000_000;
const MOST_PAGES = 1_000;
/** Servers that keep a stream together choose who leads it before they answer; an election alone may take them some seconds. */
const TOGETHER_TIMEOUT_MS = 20_000;

/** What only the journal's user may do. Every call may be repeated after a crash. */
export function streamAdmin(nc: NatsConnection, replicas: number): StreamAdmin {
  const timeoutMs = replicas > 1 ? TOGETHER_TIMEOUT_MS : undefined;
  return {
    async create(stream, subjects, maxBytes) {
      const config = {
        name: checkedName(stream),
        subjects: subjects.map(wireOf),
        retention: 'limits',
        storage: 'file',
        // Old events never make room for new ones: a full stream refuses, and the refusal is seen.
        discard: 'new',
        max_bytes: maxBytes,
        max_msgs: -1,
        max_age: 0,
        // An oversized event is let in, up to the server's max_payload: the journal must see it to put it into quarantine.
        max_msg_size: -1,
        max_consumers: -1,
        num_replicas: replicas,
        duplicate_window: DUPLICATE_WINDOW_NS,
      };
      try {
        return infoOf(await ask<StreamState>(nc, `STREAM.CREATE.${stream}`, config, timeoutMs));
      } catch (error) {
        if (!(error instanceof JetStreamError)) throw error;
        if (error.number === NO_CLUSTER)
          throw new Refusal(
            `stream ${stream} should have ${replicas} copies, but this NATS server stands alone and keeps one: set infrastructure.natsReplicas (ARB_NATS_REPLICAS) to 1, or give it a cluster of ${replicas} servers`,
            { cause: error },
          );
        if (error.number === NO_PEERS)
          throw new Error(
            `stream ${stream} should have ${replicas} copies, but fewer than ${replicas} NATS servers of the cluster can take one now: start the missing ones, make room on their disks, or lower infrastructure.natsReplicas (ARB_NATS_REPLICAS)`,
            { cause: error },
          );
        if (error.number !== NAME_IN_USE) throw error;
        const found = await streamState(nc, stream);
        const has =
          found === null
            ? 'is gone again'
            : `has subjects ${(found.config.subjects ?? []).map(plainOf)} and ${found.config.max_bytes} bytes`;
        throw new Error(
          `stream ${stream} should be created with subjects ${subjects} and ${maxBytes} bytes, but it exists already and ${has}; remove it, or go on with it as it is`,
          { cause: error },
        );
      }
    },

    async setSubjects(stream, subjects) {
      const found = await streamState(nc, stream);
      if (found === null) throw new Error(`stream ${stream} should get subjects ${subjects}, but there is no such stream`);
      const wanted = subjects.map(wireOf);
      const present = found.config.subjects ?? [];
      if (present.length === wanted.length && present.every((subject, i) => subject === wanted[i])) return;
      await ask(nc, `STREAM.UPDATE.${stream}`, { ...found.config, subjects: wanted }, timeoutMs);
    },

    async purge(stream, below) {
      // The server reads 0 as "everything".
      if (below <= 1) return;
      await ask(nc, `STREAM.PURGE.${checkedName(stream)}`, { seq: below }, timeoutMs);
    },

    async remove(stream) {
      try {
        await ask(nc, `STREAM.DELETE.${checkedName(stream)}`, undefined, timeoutMs);
      } catch (error) {
        if (!(error instanceof JetStreamError) || error.number !== NO_STREAM) throw error;
      }
    },

    async list() {
      const names: string[] = [];
      for (let page = 0; page < MOST_PAGES; page++) {
        const answer = await ask<{ streams: string[] | null; total: number }>(nc, 'STREAM.NAMES', { offset: names.length });
        names.push(...(answer.streams ?? []));
        if ((answer.streams ?? []).length === 0 || names.length >= answer.total) return names;
      }
      throw new Error(`the NATS server lists more than ${names.length} streams; remove those of ended sessions`);
    },

    async publish(stream, subject, bytes) {
      const what = `publish on ${subject} into stream ${stream}`;
      const ack = (await answered(nc, wireOf(subject), bytes, what)) as { stream?: unknown; seq?: unknown };
      if (ack.stream !== stream || !Number.isSafeInteger(ack.seq))
        throw new Error(`${what}: expected its acknowledgement, found one of stream ${String(ack.stream)} at ${String(ack.seq)}`);
      return ack.seq as number;
    },
  };
}
