import { createReadStream } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createGzip, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { type Archive, migrate, openArchive, openImport, openJournalStore, type PostgresServer, startPostgres } from '../journal/index.ts';
import type { SessionRow } from '../runtime/index.ts';
import { exportSession } from './file/export.ts';
import { importSession, NotImported } from './file/import.ts';
import { replay } from './replay.ts';
import { NotThere, resolveEvent, resolveSession } from './resolve.ts';
import { sessionFacts } from './session-facts.ts';
import { stateAt } from './state.ts';
import { recordSession, tinyCores } from './testing.ts';
import { storeSession } from './testing-store.ts';
import { verifySession } from './verify.ts';
import { type WhyLink, why } from './why.ts';
import { parseRoute, whyNot } from './why-not.ts';

const cores = tinyCores();
const first = recordSession({ id: 'first-1', events: 200 });
const second = recordSession({ id: 'second-1', seed: 'other', events: 150, parent: first });
const end = first.session.end as number;

let server: PostgresServer;
let archive: Archive;
let session: SessionRow;
beforeAll(async () => {
  server = await startPostgres();
  await migrate(server.url);
  await storeSession(server.url, first);
  await storeSession(server.url, second);
  archive = openArchive(server.url);
  session = await resolveSession(archive, 'first-1');
});
afterAll(async () => {
  await archive.close();
  await server.stop();
});

let databases = 0;
/** Another machine's journal. */
async function elsewhere(): Promise<string> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const name = `elsewhere_${++databases}`;
  await client.query(`CREATE DATABASE ${name} ENCODING 'UTF8' TEMPLATE template0`);
  await client.end();
  await migrate(server.urlOf(name));
  return server.urlOf(name);
}

async function withArchive<T>(url: string, work: (archive: Archive) => Promise<T>): Promise<T> {
  const opened = openArchive(url);
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

const position = async (text: string) => (await resolveEvent(archive, text, { session })).position;
const of = (root: string) => first.rows.filter((row) => row.taken && row.subject.startsWith(`${root}.`));

describe('an event', () => {
  it('is found by every name it has', async () => {
    expect(await position('last')).toBe(end);
    expect(await position('first')).toBe(1);
    expect(await position('-10')).toBe(end - 10);
    expect(await position('order:last')).toBe(of('order').at(-1)?.position);
    expect(await position('l2:first')).toBe(of('l2')[0]?.position);
    expect(await position('second-1:7')).toBe(7);
    expect((await resolveEvent(archive, 'second-1:last')).session.id).toBe('second-1');
    expect((await resolveEvent(archive, 'second-:last')).session.id).toBe('second-1');
  });

  it('is found by time: the last one stored until then, by date or by time of day', async () => {
    for (const row of [first.rows[0], first.rows[99], first.rows[end - 1]]) {
      const at = new Date((row?.storedAt as number) / 1_000).toISOString().replace('Z', '');
      const micros = String((row?.storedAt as number) % 1_000).padStart(3, '0');
      expect(await position(`${at}${micros}Z`)).toBe(row?.position);
      expect(await position(`${at.slice(11)}${micros}`)).toBe(row?.position);
    }
  });

  it.each([
    ['0', /has no position 0: its first is 1/],
    [String(end + 1), new RegExp(`has no position ${end + 1}: its last is ${end}`)],
    [`-${end}`, new RegExp(`"-${end}" goes further back than first-1 does: its events are 1 to ${end}, so -${end - 1} is the furthest$`)],
    ['-99999999', new RegExp(`^"-99999999" goes further back than first-1 does: its events are 1 to ${end}`)],
    ['second-1:-99999999', /^"second-1:-99999999" goes further back than second-1 does/],
    ['-9999999999999999', /goes further back than first-1 does/],
    ['fill:last', /holds no fill/],
    ['2001-01-01', /is before first-1: its events begin at/],
    ['2031-01-01', /is after first-1: its events end at/],
    ['third:1', /no session third/],
    ['second-1:100000', /second-1 has no position 100000/],
  ])('that is not there is refused with what is: %s', async (text, sentence) => {
    await expect(resolveEvent(archive, text, { session })).rejects.toThrow(NotThere);
    await expect(resolveEvent(archive, text, { session })).rejects.toThrow(sentence);
  });

  it('of another session is refused where only one is asked of', async () => {
    await expect(resolveEvent(archive, 'second-1:7', { session, only: true })).rejects.toThrow(
      /an event of second-1, and first-1 is what it is asked of/,
    );
  });
});

describe('why', () => {
  const flat = (links: readonly WhyLink[]): readonly WhyLink[] => links.flatMap((link) => [link, ...flat(link.links)]);

  it('names every event an order rests on, back to the book, with the latency of each hop', async () => {
    const order = of('order').at(-2)?.position as number;
    const found = await why(archive, session, order);
    const chain = flat(found.causes);
    expect(chain.map(({ type }) => type).slice(0, 2)).toEqual(['verdict', 'decision']);
    expect(found.event).toMatchObject({ type: 'order', position: order });
    for (const link of chain) expect(link.storedAt).toBeLessThanOrEqual(found.event.storedAt);
    expect(chain[0]?.hopMs).toBe((found.event.storedAt - (chain[0]?.storedAt ?? 0)) / 1_000);
  });

  it('names what followed from a book, down to the order', async () => {
    let longest: readonly string[] = [];
    for (const book of of('book').slice(20, 60)) {
      const types = flat((await why(archive, session, book.position)).effects).map(({ type }) => type);
      if (types.length > longest.length) longest = types;
    }
    expect(longest).toEqual(expect.arrayContaining(['l2', 'decision', 'verdict', 'order']));
  });

  it('goes on into the parent session', async () => {
    const carried = second.rows.find((row) => row.position > 1 && Buffer.from(row.bytes).toString().includes('"first-1:'));
    if (carried === undefined) throw new Error('nothing of the parent was said again');
    const { session: child } = await resolveEvent(archive, 'second-1:1');
    const links = flat((await why(archive, child, carried.position)).causes);
    expect(links.map((link) => link.session)).toContain('first-1');
  });

  it('tells of an event that is none', async () => {
    const malformed = first.rows.find((row) => Buffer.from(row.bytes).toString() === 'no event at all');
    const found = await why(archive, session, malformed?.position as number);
    expect(found).toMatchObject({ event: { type: 'malformed', taken: false }, causes: [], effects: [] });
  });
});

describe('why-not', () => {
  it('names the nearest refusal of each rule on both sides of the time', async () => {
    const at = of('decision')[10]?.position as number;
    const found = await whyNot(archive, session, parseRoute('btc'), at);
    const nearest = found.rules.find(({ by, rule }) => by === 'risk' && rule === 'tiny');
    const verdicts = of('verdict').filter(({ subject }) => subject === 'verdict.BTC');
    const stored = (await archive.event(session.id, at))?.storedAt as number;
    const best = Math.min(...verdicts.map((row) => Math.abs(row.storedAt - stored))) / 1_000;
    expect(Math.abs(nearest?.offMs as number)).toBe(best);
    expect(found.rules.every(({ coin }) => coin === 'BTC')).toBe(true);
    expect(found.rules.map(({ by }) => by).sort()).toEqual(['risk', 'strategy']);
  });

  it('finds nothing of a coin that was not traded', async () => {
    expect(await whyNot(archive, session, parseRoute('DOGE'), 50)).toMatchObject({ rules: [], entered: null, lookedAt: 0 });
  });
});

describe('a session', () => {
  it('is told with what it holds, its parent and its children', async () => {
    const facts = await sessionFacts(archive, 'first-1');
    expect(facts).toMatchObject({
      id: 'first-1',
      status: 'ended',
      parent: null,
      children: ['second-1'],
      keptFrom: 1,
      head: end,
      mode: 'ACTIVE',
      lastEventAt: new Date((first.rows.at(-1)?.storedAt as number) / 1_000).toISOString(),
    });
    const counted = [...facts.counts.ledger, ...(facts.counts.market ?? [])].reduce((sum, { count }) => sum + count, 0);
    expect(counted).toBe(end);
    expect(facts.counts.ledger.find(({ type }) => type === 'decision')?.count).toBeGreaterThan(of('decision').length - 1);
    expect(facts.marketEvents + facts.counts.ledger.reduce((sum, { count }) => sum + count, 0)).toBe(end);
    expect((await sessionFacts(archive, 'second-1')).reason).toBe('handover');
  });

  it('is verified and replayed from its rows in the database', async () => {
    expect((await verifySession(archive, session, { cores })).faults).toEqual([]);
    expect(await replay(archive, session, { cores, from: 100, to: 200 })).toMatchObject({ ok: true });
  });
});

async function exported(id: string, range: { readonly from?: number; readonly to?: number } = {}): Promise<Buffer> {
  const into = new PassThrough();
  const [bytes] = await Promise.all([buffer(into), exportSession(archive, await resolveSession(archive, id), into, range)]);
  return bytes;
}

const importOf = (url: string, bytes: Buffer) => importSession(url, Readable.from([bytes]));

describe('an exported session', () => {
  it('comes out of the file on another machine as it was: the same report, state, reasons and bytes', async () => {
    for (const { session: id } of [
      { session: 'first-1' },
      // Its parent is not on the other machine: the state it goes on from comes with it.
      { session: 'second-1' },
    ]) {
      const url = await elsewhere();
      const bytes = await exported(id);
      expect(await importOf(url, gzipSync(bytes))).toMatchObject({ session: id, whole: true, after: 0 });
      await withArchive(url, async (there) => {
        const [mine, other] = [await resolveSession(archive, id), await resolveSession(there, id)];
        expect(await verifySession(there, other, { cores })).toEqual(await verifySession(archive, mine, { cores }));
        expect(await stateAt(there, other, 'strategy', 60, cores)).toEqual(await stateAt(archive, mine, 'strategy', 60, cores));
        expect(await why(there, other, 60)).toMatchObject({ event: (await why(archive, mine, 60)).event });
        expect((await there.listed(id))?.importedAt).not.toBeNull();
        expect(await there.currentSession()).toBeNull();
        const again = new PassThrough();
        const [copy] = await Promise.all([buffer(again), exportSession(there, other, again)]);
        const rows = (file: Buffer) =>
          file
            .toString('latin1')
            .split('\n')
            .filter((line) => /^[EXLS]/.test(line))
            .sort();
        expect(rows(copy)).toEqual(rows(bytes));
      });
    }
  });

  it('is a bug report when it is a range: verified, replayed and asked from there', async () => {
    const url = await elsewhere();
    const imported = await importOf(url, await exported('first-1', { from: 150, to: 200 }));
    expect(imported.whole).toBe(false);
    expect(imported.after).toBeGreaterThan(0);
    await withArchive(url, async (there) => {
      const other = await resolveSession(there, 'first-1');
      const report = await verifySession(there, other, { cores });
      expect(report).toMatchObject({ ok: true, faults: [], from: imported.after + 1, to: imported.to });
      expect(await replay(there, other, { cores, from: 150, to: 200 })).toMatchObject({ ok: true });
      await expect(resolveEvent(there, 'first-1:0')).rejects.toThrow(`first-1 has no position 0: its first is ${imported.after + 1}`);
      await expect(resolveEvent(there, `first-1:-${imported.to - 1}`)).rejects.toThrow(
        `goes further back than first-1 does: its events are ${imported.after + 1} to ${imported.to}, so -${imported.to - imported.after - 1} is the furthest`,
      );
      await expect(resolveEvent(there, 'first-1:1')).rejects.toThrow(/is not there any more .* the first that is there is/);
      expect((await resolveEvent(there, 'first-1:first')).position).toBe(imported.after + 1);
    });
  });

  it('is refused where it is already', async () => {
    await expect(importOf(server.url, await exported('first-1'))).rejects.toThrow(
      'Session first-1 is in this journal already: it was recorded here.',
    );
    const url = await elsewhere();
    await importOf(url, await exported('first-1'));
    await expect(importOf(url, await exported('first-1'))).rejects.toThrow(/already: it was imported/);
  });

  describe('that was changed', () => {
    let url: string;
    let lines: readonly string[];
    beforeAll(async () => {
      url = await elsewhere();
      lines = (await exported('first-1', { from: 150, to: 200 })).toString('latin1').split('\n').slice(0, -1);
    });
    const file = (changed: readonly string[]) => Buffer.from(`${changed.join('\n')}\n`, 'latin1');
    const refused = async (bytes: Buffer, sentence: RegExp) => {
      await expect(importOf(url, bytes)).rejects.toThrow(NotImported);
      await expect(importOf(url, bytes)).rejects.toThrow(sentence);
      await withArchive(url, async (there) => expect(await there.list(10)).toEqual([]));
    };
    const nth = () => lines.findIndex((line) => line.startsWith('E') && line.includes('"type":"verdict"'));

    it('names the line whose checksum does not fit', async () => {
      const at = nth();
      await refused(
        file(lines.map((line, i) => (i === at ? line.replace('tiny', 'tony') : line))),
        new RegExp(`^line ${at + 1}: it is not as it was written`),
      );
    });

    it('names the lines of the batch when the checksum was made anew', async () => {
      const at = nth();
      const { line: written } = await import('./file/format.ts');
      const changed = lines.map((text, i) => {
        if (i !== at) return text;
        const content = text.slice(2, text.lastIndexOf('\t')).replace('tiny', 'tony');
        return written('E', Buffer.from(content, 'latin1')).toString('latin1').slice(0, -1);
      });
      await refused(file(changed), /^lines \d+ to \d+ \(positions \d+ to \d+\) are not what was sealed/);
    });

    it('is found when a line was taken out, doubled, or moved', async () => {
      const at = nth();
      await refused(file(lines.filter((_, i) => i !== at)), /expected position \d+, found \d+|the seal says/);
      await refused(file(lines.flatMap((line, i) => (i === at ? [line, line] : [line]))), /expected position \d+, found \d+/);
      const snapshot = lines.findIndex((line) => line.startsWith('S'));
      await refused(file(lines.filter((_, i) => i !== snapshot)), /one was taken out, put in or moved/);
    });

    it('is found when it was cut off, compressed or not', async () => {
      await refused(file(lines.slice(0, -1)), /was cut off after line \d+/);
      await refused(file(lines.slice(0, nth())), /was cut off after line \d+/);
      const zipped = gzipSync(file(lines));
      await refused(zipped.subarray(0, zipped.length - 1_000), /was cut off after line \d+/);
      expect(gunzipSync(zipped).length).toBe(file(lines).length);
    });

    it.each(['M', 'P', 'B', 'S', 'E', 'X', 'L'] as const)('is refused at the line, whatever a line of kind %s holds', async (kind) => {
      const { line: written } = await import('./file/format.ts');
      const texts = ['null', '7', '', '{}', '{"session":null}', '{"from":1,"to":2,"market":"x","ledger":"x","head":"x","turns":"{"}'];
      for (const text of texts) {
        const odd = written(kind, Buffer.from(text)).toString('latin1').slice(0, -1);
        await refused(
          file(kind === 'M' ? [odd] : [lines[0] as string, odd, ...lines.slice(1)]),
          new RegExp(`^line ${kind === 'M' ? 1 : 2}: `),
        );
      }
    });

    it('is refused before it fills the memory, however small it is', async () => {
      const { rowLine } = await import('./file/format.ts');
      const after = (JSON.parse((lines[0] as string).slice(2, -9)) as { after: number }).after;
      const zeros = Buffer.alloc(4 * 1024 * 1024);
      function* bomb(): Generator<Buffer> {
        yield file(lines.slice(0, 2));
        for (let i = 1; i <= 80; i++) yield rowLine({ position: after + i, storedAt: 1, subject: 'x', taken: false, bytes: zeros });
      }
      const gzip = createGzip({ level: 1 });
      const bombed = importSession(url, Readable.from(bomb()).pipe(gzip));
      await expect(bombed).rejects.toThrow(/^line \d+: more than \d+ bytes without a seal/);
    });

    it('is no exported session when it is something else', async () => {
      await refused(Buffer.from('{"hello":1}\n'), /^line 1: .*no exported session/);
      await refused(Buffer.alloc(4_000, 'x'), /^line 1: /);
    });

    it('leaves room for the whole one', async () => {
      expect(await importOf(url, file(lines))).toMatchObject({ session: 'first-1' });
    });
  });

  it('holds no password of the journal', async () => {
    const { password } = new URL(server.url);
    expect(password.length).toBeGreaterThan(8);
    expect((await exported('first-1')).includes(password)).toBe(false);
  });
});

describe('a session that has no end yet', () => {
  it('is running only while a journal writes to it, not by what its row says', async () => {
    const url = await elsewhere();
    await withArchive(url, async (there) => {
      const state = async () => (await there.list(1)).map(({ id, status, running }) => ({ id, status, running }));
      const writer = openJournalStore(url);
      expect(await writer.lock()).toBe(true);
      const { config, ...created } = { ...first.session, id: 'live-1', config: '{}', parentPosition: null, startedAt: 1 };
      await writer.createSession({ ...created, config });
      expect(await state()).toEqual([{ id: 'live-1', status: 'starting', running: true }]);
      await writer.updateSession('live-1', { status: 'live' });
      expect(await state()).toEqual([{ id: 'live-1', status: 'live', running: true }]);
      await writer.close();
      expect(await state()).toEqual([{ id: 'live-1', status: 'live', running: false }]);
      // An import beside it writes to no session that is live.
      const half = await openImport(url, { ...first.session, config: '{}', startedAt: new Date(0).toISOString() });
      expect((await there.list(2)).map(({ id, running }) => ({ id, running }))).toEqual([
        { id: 'first-1', running: false },
        { id: 'live-1', running: false },
      ]);
      await half.close();
      const heir = openJournalStore(url);
      expect(await heir.lock()).toBe(true);
      expect((await there.list(2)).map(({ running }) => running)).toEqual([false, true]);
      await heir.updateSession('live-1', { status: 'ended', end: 0 });
      expect((await there.listed('live-1'))?.running).toBe(false);
      await heir.close();
    });
  });
});

describe('an imported session', () => {
  it('is never gone on with, however new it is', async () => {
    const url = await elsewhere();
    await storeSession(url, recordSession({ id: 'own', events: 20 }));
    await importOf(url, await exported('second-1'));
    await withArchive(url, async (there) => {
      expect((await there.currentSession())?.id).toBe('own');
      expect((await there.list(10)).map(({ id }) => id)).toEqual(['second-1', 'own']);
    });
  });

  it('is the one that is meant where none was recorded, and ends with its last event', async () => {
    const url = await elsewhere();
    const { to } = await importOf(url, await exported('first-1', { from: 150, to: 200 }));
    await withArchive(url, async (there) => {
      expect((await resolveSession(there)).id).toBe('first-1');
      expect(await resolveEvent(there, 'last')).toMatchObject({ session: { id: 'first-1' }, position: to });
    });
  });

  it('is none while only a part of it is there, because its import was killed', async () => {
    const url = await elsewhere();
    await withArchive(url, async (there) => {
      await expect(resolveSession(there)).rejects.toThrow(/there is no session yet/);
      const half = await openImport(url, { ...first.session, config: '{}', startedAt: new Date(0).toISOString() });
      await half.close();
      for (const text of ['first-1', 'first', undefined])
        await expect(resolveSession(there, text)).rejects.toThrow(/first-1 is being imported, or its import was broken off/);
      await importOf(url, await exported('first-1'));
      expect((await resolveSession(there, 'first-1')).end).toBe(end);
    });
  });

  it('is found under its new number after an import of it was taken back, by whoever has looked at it meanwhile', async () => {
    const url = await elsewhere();
    await withArchive(url, async (there) => {
      const half = await openImport(url, { ...first.session, config: '{}', startedAt: new Date(0).toISOString() });
      expect(await there.events('first-1', 1, 1)).toEqual([]);
      await half.remove();
      await half.close();
      await importOf(url, await exported('first-1'));
      expect(await there.events('first-1', 1, 1)).toHaveLength(1);
    });
  });

  it('is refused in one sentence where the file is a folder, or too short to be one', async () => {
    const url = await elsewhere();
    await expect(importSession(url, createReadStream('/'))).rejects.toThrow('this is a folder: name the file in it');
    await expect(importOf(url, Buffer.alloc(0))).rejects.toThrow(NotImported);
    await expect(importOf(url, Buffer.from('ab'))).rejects.toThrow('the file is too short to be an exported session');
    await expect(importOf(url, Buffer.alloc(0))).rejects.toThrow('the file is empty');
  });

  it('loses nothing to retention', async () => {
    const url = await elsewhere();
    await importOf(url, await exported('second-1'));
    const store = openJournalStore(url);
    expect(await store.dropPartitionsBefore(new Date(), 'market')).toEqual([]);
    await store.close();
  });
});
