import { importsOf, isRelative, targetOf } from './imports.ts';
import { isSpec } from './packages.ts';
import { lineOf, sourceText } from './source-text.ts';

const SHARED_PURE = /^libs\/shared\/src\/(?:(?:contracts|core|money|closed-loop)\/|runtime\/(?:timed-core|draw|deque)\.ts$)/;
const SERVICE_CORE = /^services\/[^/]+\/src\/core\//;
const PURE_PACKAGES = ['@arb/shared/contracts', '@arb/shared/core', '@arb/shared/money'];

/** The folder that a pure file may import from, or null where the file need not be pure. */
function pureFolder(file: string): RegExp | string | null {
  if (isSpec(file)) return null;
  return SERVICE_CORE.exec(file)?.[0] ?? (SHARED_PURE.test(file) ? SHARED_PURE : null);
}

export function isPure(file: string): boolean {
  return pureFolder(file) !== null;
}

interface Ban {
  readonly pattern: RegExp;
  readonly why: string;
  /** Files the ban does not hold for. */
  readonly except?: RegExp;
}

/** A global of this name: not the member of something (`x.fetch`), but what is spread (`...process`) is. */
function global(...names: readonly string[]): RegExp {
  return new RegExp(`(?<![\\w$#]|(?<!\\.\\.)\\.)(?:${names.join('|')})(?![\\w$])`, 'g');
}

const SAME_ON_EVERY_ENGINE = ['abs', 'ceil', 'clz32', 'floor', 'fround', 'imul', 'max', 'min', 'round', 'sign', 'sqrt', 'trunc'];

const BANS: readonly Ban[] = [
  { pattern: global('Date', 'performance', 'Temporal'), why: 'a clock: use core time (`context.now`)' },
  {
    pattern: global('(?:set|clear)(?:Timeout|Interval|Immediate)', 'queueMicrotask'),
    why: 'a timer of the machine: use `context.setTimer`',
  },
  {
    pattern: new RegExp(`(?<![\\w$])Math(?!\\s*\\.\\s*(?:${SAME_ON_EVERY_ENGINE.join('|')})(?![\\w$]))(?![\\w$])`, 'g'),
    why: 'random, or its last bit may differ between engines: use `context.draw`, a table, or + - * / and sqrt',
  },
  {
    pattern: global('process', 'console', 'fetch', 'WebSocket', 'XMLHttpRequest', 'navigator'),
    why: 'the world outside: shells speak with it',
  },
  { pattern: global('crypto'), why: 'random or outside the language: use `context.draw`' },
  { pattern: /(?<![\w$])(?:Intl|toLocale\w+|localeCompare)(?![\w$])/g, why: 'depends on the locale of the machine' },
  { pattern: global('globalThis', 'eval', 'Function', 'require'), why: 'a way around these rules' },
  { pattern: /(?<![\w$])import\s*(?:\.\s*meta|\()/g, why: 'a way around these rules' },
  {
    pattern: global('WeakRef', 'FinalizationRegistry', 'Atomics', 'SharedArrayBuffer'),
    why: 'depends on when the engine cleans up or on other threads',
  },
  {
    pattern: global('Buffer', 'TextDecoder', 'TextEncoder'),
    why: 'outside the language: only the contracts turn bytes into events',
    except: /^libs\/shared\/src\/contracts\//,
  },
];

const NUMBER = String.raw`(?:\d[\d_]*(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?`;
/** Two literals are computed once, by the compiler at the latest; integers (`10n ** x`) are exact everywhere. */
const HARMLESS_POWER = new RegExp(
  String.raw`(?:(?<![\w$.])${NUMBER}\s*\*\*\s*-?${NUMBER}(?![\w$.])|(?<![\w$.])\d[\d_]*n\s*\*\*(?!=)|\*\*=?\s*\d[\d_]*n(?![\w$]))`,
  'gi',
);

/** Everything by which a pure file could come out differently another time or on another machine. */
export function impurities(file: string, text: string): readonly string[] {
  const folder = pureFolder(file);
  if (folder === null) return [];
  const { code, allowed } = sourceText(text);
  const found: { line: number; what: string }[] = [];
  for (const { specifier, line } of importsOf(text)) {
    const target = isRelative(specifier) ? targetOf(file, specifier) : null;
    const good =
      target === null ? PURE_PACKAGES.includes(specifier) : typeof folder === 'string' ? target.startsWith(folder) : folder.test(target);
    if (!good) found.push({ line, what: `'${specifier}' is not pure: a core imports ${PURE_PACKAGES.join(', ')} and its own files` });
  }
  for (const { pattern, why, except } of BANS) {
    if (except?.test(file)) continue;
    for (const match of code.matchAll(pattern)) found.push({ line: lineOf(code, match.index), what: `${match[0].trim()} is ${why}` });
  }
  const powers = code.replaceAll(HARMLESS_POWER, (match) => ' '.repeat(match.length));
  for (const match of powers.matchAll(/\*\*/g))
    found.push({ line: lineOf(code, match.index), what: '** may differ in its last bit between engines: multiply, or use a table' });
  return found.filter(({ line }) => !allowed.has(line - 1)).map(({ line, what }) => `${file}:${line}: ${what}`);
}
