import { describe, expect, it } from '@jest/globals';
import { type Command, UsageError } from './command.ts';
import { runCommandLine } from './command-line.ts';
import { nearest } from './nearest.ts';
import { parseDuration, parseWords, usageOf } from './parse.ts';

const sample: Command = {
  name: 'sample',
  says: 'a sample',
  words: [{ name: 'SUBJECT' }, { name: 'SESSION', optional: true }],
  flags: { json: { type: 'boolean', says: 'json' }, count: { type: 'string', value: 'N', says: 'count' } },
  run: async (given, output) => {
    output.out(JSON.stringify(given));
    return 0;
  },
};

async function line(...argv: string[]) {
  const out: string[] = [];
  const said: string[] = [];
  const code = await runCommandLine(argv, { out: (text) => out.push(text), say: (text) => said.push(text) }, [sample]);
  return { code, out, said };
}

describe('the command line', () => {
  it('hands flags and words to the command', () => {
    expect(parseWords(sample, ['l2.>', '--count', '3', '--json'])).toEqual({ flags: { count: '3', json: true }, words: ['l2.>'] });
    expect(parseWords(sample, ['--count=3', 'a', 'b'])).toEqual({ flags: { count: '3' }, words: ['a', 'b'] });
  });

  it('gives a flag of many values all that follow it, every time it is given', () => {
    const many: Command = { ...sample, flags: { ...sample.flags, file: { type: 'string', value: 'FILE', many: true, says: 'files' } } };
    expect(parseWords(many, ['x', '--file', 'a', 'b', '--json', '--file', 'c'])).toMatchObject({
      words: ['x'],
      lists: { file: ['a', 'b', 'c'] },
    });
    expect(() => parseWords(many, ['x', '--file', 'a', '--json', 'b', 'c'])).toThrow('does not know what to do with "c"');
    expect(usageOf(many)).toContain('[--file FILE…]');
  });

  it('takes -1000 for a word, and -o for the flag of that letter', () => {
    const output: Command = { ...sample, flags: { ...sample.flags, output: { type: 'string', short: 'o', says: 'file' } } };
    expect(parseWords(output, ['-1000', '-o', 'file'])).toEqual({ words: ['-1000'], flags: { output: 'file' } });
    expect(parseWords(output, ['x', '--count', '-5'])).toEqual({ words: ['x'], flags: { count: '-5' } });
  });

  it('gives a command of many words all of them', () => {
    const many: Command = { ...sample, words: [{ name: 'NAME', optional: true, many: true }] };
    expect(parseWords(many, ['a', 'b', '--json', 'c']).words).toEqual(['a', 'b', 'c']);
    expect(usageOf(many)).toContain('arb sample [NAME…]');
  });

  it.each([
    [['smaple', 'x'], 'did you mean "sample"?'],
    [['sample', 'x', '--jsno'], 'did you mean --json?'],
    [['sample', 'x', '--count'], '--count needs a value'],
    [['sample', 'x', '--count', '--json'], '--count needs a value'],
    [['sample', 'x', '--json=yes'], '--json takes no value'],
    [['sample'], 'needs SUBJECT'],
    [['sample', 'a', 'b', 'c'], 'does not know what to do with "c"'],
    [[], 'arb sample'],
  ])('refuses %j with one sentence and exit code 2', async (argv, sentence) => {
    const { code, out, said } = await line(...argv);
    expect(code).toBe(2);
    expect(out).toEqual([]);
    expect(said.join('\n')).toContain(sentence);
  });

  it('says what a failure was and ends with 1', async () => {
    const failing = { ...sample, run: () => Promise.reject(new Error('the disk is full', { cause: new Error('ENOSPC') })) };
    const said: string[] = [];
    const code = await runCommandLine(['sample', 'x'], { out: () => {}, say: (text) => said.push(text) }, [failing]);
    expect({ code, said }).toEqual({ code: 1, said: ['the disk is full (ENOSPC)'] });
  });

  it('shows how a command is used when asked', async () => {
    const { code, out } = await line('help', 'sample');
    expect(code).toBe(0);
    expect(out[0]).toContain(usageOf(sample));
  });
});

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
  ])('%s is %d ms', (text, ms) => expect(parseDuration('for', text)).toBe(ms));

  it.each(['30', '', 's', '0s', '-1s', '1e9s', '99d', 'soon'])('refuses "%s"', (text) =>
    expect(() => parseDuration('for', text)).toThrow(UsageError),
  );
});

describe('a suggestion', () => {
  it('is the nearest known word, and nothing when none is near', () => {
    const known = ['start', 'status', 'stop', 'doctor'];
    expect(nearest('stats', known)).toBe('status');
    expect(nearest('statsu', known)).toBe('status');
    expect(nearest('docter', known)).toBe('doctor');
    expect(nearest('backtest', known)).toBeNull();
  });
});
