import { encodeEvent, type Header, parseEvent, type Scanned, scan } from '@arb/shared/contracts';
import { describe, expect, it } from '@jest/globals';

const header: Header = { n: 7, source: 'journal/abcdefgh', session: 's-1', type: 'clock', v: 1, at: 1_700_000_000_000_000, cause: null };
const data = { fill: 0.5, committed: 3, committedAt: null };

describe('envelope', () => {
  it('reads back what it encodes', () => {
    const bytes = Buffer.from(encodeEvent(header, data));
    const scanned = scan('clock', bytes) as Scanned;
    expect(scanned).toMatchObject({ n: 7, source: 'journal/abcdefgh', session: 's-1', v: 1, at: header.at });
    expect(parseEvent('clock', bytes, scanned, 12)).toMatchObject({ ...header, data, position: 12, subject: 'clock' });
  });
});
