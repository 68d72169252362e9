import { parseEvent, scan } from '@arb/shared/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { migrate } from './migrate.ts';
import { sampleRow, sampleSeal, sampleSession } from './sample-rows.ts';
import { type Chain, startChain } from './seal.ts';
import { openJournalStore, type PostgresJournalStore } from './store.ts';
import { type PostgresServer, startPostgres } from './testing.ts';

let server: PostgresServer;
let store: PostgresJournalStore;
let client: pg.Client;
beforeAll(async () => {
  server = await startPostgres();
  await migrate(server.url);
  store = openJournalStore(server.url);
  await store.lock();
  client = new pg.Client({ connectionString: server.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await store.close();
  await server.stop();
});

const escapeText = fc.constantFrom(
  '\\n',
  '\\"',
  '\\\\',
  '\\/',
  '\\b',
  '\\u0041',
  '\\u00E9',
  '\\ud83d\\ude00',
  '\\u0000',
  '\\ud800',
  '\\udc00',
  '\\u0007',
  '\\uFFFF',
);
const plain = fc.string({ unit: 'binary', maxLength: 6 }).map((text) => JSON.stringify(text).slice(1, -1));
const stringText = fc.array(fc.oneof(plain, escapeText), { maxLength: 4 }).map((parts) => `"${parts.join('')}"`);
const numberText = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '-0',
    '0.0',
    '1E+5',
    '1e-7',
    '0.1',
    '1e-400',
    '1.7976931348623157e308',
    '123456789012345678901234567890',
    `1${'0'.repeat(300)}`,
    `0.${'1'.repeat(400)}`,
  ),
);
const gap = fc.constantFrom('', ' ', '\n\t', '\r');
const { value: jsonText } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('null', 'true', 'false'),
    numberText,
    stringText,
    fc.tuple(gap, fc.array(tie('value'), { maxLength: 4 })).map(([space, items]) => `[${space}${items.join(`,${space}`)}]`),
    fc
      .tuple(gap, fc.array(fc.tuple(stringText, tie('value')), { maxLength: 4 }))
      .map(([space, fields]) => `{${fields.map(([name, value]) => `${space}${name}${space}:${value}`).join(',')}${space}}`),
  ),
}));

const HEX = '0'.repeat(64);
function started(n: number, config: string): string {
  return `{"n":${n},"source":"journal/abcdefgh","session":"json","type":"session.started","v":1,"at":1700000000000000,"cause":null,"data":{"config":${config},"configHash":"${HEX}","seed":"s","versions":{},"boot":"abcdefgh","mode":"ACTIVE","parent":null,"snapshots":{}}}`;
}

describe('Postgres and the contracts', () => {
  it('agree: what parses as an event is stored as it is, the rest as raw bytes', async () => {
    const session = await store.createSession(sampleSession('json'));
    let chain: Chain = startChain();
    let position = 0;
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(jsonText, { minLength: 1, maxLength: 30 }), async (texts) => {
        const from = position + 1;
        const rows = texts.map((config) => {
          position++;
          const bytes = Buffer.from(started(position, config));
          const scanned = scan('session.started', bytes);
          const parsed = typeof scanned === 'string' ? scanned : parseEvent('session.started', bytes, scanned, position);
          if (typeof parsed !== 'string') accepted++;
          return sampleRow(position, { bytes, subject: 'session.started', malformed: typeof parsed === 'string', table: 'ledger' });
        });
        const seal = sampleSeal(chain, rows);
        await store.append(session, rows, seal);
        chain = seal;
        const events = await store.events('json', from, 100);
        expect(events.map(({ bytes }) => String(bytes))).toEqual(rows.map(({ bytes }) => String(bytes)));
      }),
      { numRuns: 60 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it('agree on any JSON that JavaScript parses', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(jsonText, { minLength: 1, maxLength: 30 }), async (texts) => {
        const valid = texts.filter(parses);
        const { rows } = await client.query<{ text: string }>(
          'SELECT t.text::json::text AS text FROM unnest($1::text[]) WITH ORDINALITY AS t(text, i) ORDER BY i',
          [valid],
        );
        expect(rows.map(({ text }) => text)).toEqual(valid);
      }),
      { numRuns: 60 },
    );
  });

  it('agree on nesting as deep as an event may be', async () => {
    for (const text of [`${'['.repeat(33)}1${']'.repeat(33)}`, `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`]) {
      const { rows } = await client.query<{ text: string }>('SELECT $1::json::text AS text', [text]);
      expect(rows[0]?.text).toBe(text);
    }
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
