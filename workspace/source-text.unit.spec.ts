import { describe, expect, it } from '@jest/globals';
import { importsOf, packageOf } from './imports.ts';
import { sourceText } from './source-text.ts';

const code = (text: string) => sourceText(text).code.replaceAll(/ +/g, ' ').trim();

describe('the reader of sources', () => {
  it.each([
    ["a('Date'); // Date", "a(' ');"],
    ['a(/* Date\n Date */ b)', 'a( \n b)'],
    ['`Date \u0024{Date + `\u0024{now({ a: 1 })} Date`} Date` + x', '` {Date + ` {now({ a: 1 })} `} ` + x'],
    ["x = /'[/'] Date/g; y", 'x = g; y'],
    ['a / Date / b', 'a / Date / b'],
    ["'it\\'s Date' + Date", "' ' + Date"],
  ])('keeps only the code of %s', (text, kept) => {
    expect(code(text)).toBe(kept);
  });

  it('keeps every line where it was', () => {
    const text = "/* a\nb */ x\n`c\n\u0024{y}\n`\n'd'";
    expect(
      sourceText(text)
        .code.split('\n')
        .map((line) => line.length),
    ).toEqual(text.split('\n').map((line) => line.length));
  });

  it('finds every way to import, with its line', () => {
    const text = [
      "import a from 'a';",
      "import type { B } from '@x/b/c';",
      "import 'd';",
      "export * from './e.ts';",
      'export {',
      "  f } from\n 'f';",
      "await import('g');",
      "require('h'); import.meta.resolve('i');",
    ].join('\n');
    const found = importsOf(text).map(({ specifier, line }) => `${specifier}:${line}`);
    expect(found).toEqual(['a:1', '@x/b/c:2', 'd:3', './e.ts:4', 'f:7', 'g:8', 'h:9', 'i:9']);
  });

  it('takes no import from a string or a comment', () => {
    expect(importsOf(`const a = "import b from 'b'"; // import 'c'\n/* export * from 'd' */ f('from', 'e')`)).toEqual([]);
  });

  it('knows the package of an import', () => {
    expect(['@arb/shared/core', 'ws', 'ws/lib'].map(packageOf)).toEqual(['@arb/shared', 'ws', 'ws']);
  });
});
