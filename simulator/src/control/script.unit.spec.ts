import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { readScript } from './script.ts';

const folder = mkdtempSync(join(tmpdir(), 'script-'));
afterAll(() => rmSync(folder, { recursive: true }));

function scriptOf(text: string): string {
  const path = join(folder, 'faults.json');
  writeFileSync(path, text);
  return path;
}

describe('a script of faults', () => {
  it('is a list of them with their times', () => {
    const faults = [{ at: 12, kind: 'gap', venue: 'binance', seconds: 5 }];
    expect(readScript(scriptOf(JSON.stringify({ faults })))).toEqual(faults);
  });

  it.each(['[]', '{"faults":{}}', 'faults: []'])('is refused where it is %s', (text) => {
    expect(() => readScript(scriptOf(text))).toThrow(/faults\.json: expected \{"faults":\[\{"at":SECONDS/);
  });

  it('is named where it is not there', () => {
    expect(() => readScript(join(folder, 'none.json'))).toThrow(/none\.json: expected.*ENOENT/);
  });
});
