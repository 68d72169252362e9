import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { lineOf, sourceText } from './source-text.ts';

export interface Import {
  readonly specifier: string;
  readonly line: number;
}

const BEFORE_SPECIFIER = /(\bfrom|\bimport|\bimport\s*\(|\brequire(\.resolve)?\s*\(|\bimport\.meta\.resolve\s*\(|\bmodule\s*\()\s*$/;

/** Everything a file imports, re-exports, requires or loads by a literal name. */
export function importsOf(text: string): readonly Import[] {
  const { code, strings } = sourceText(text);
  return strings
    .filter(({ start }) => BEFORE_SPECIFIER.test(code.slice(Math.max(0, start - 60), start)))
    .map(({ start, text: specifier }) => ({ specifier, line: lineOf(text, start) }));
}

export function isRelative(specifier: string): boolean {
  return /^\.{0,2}\/|^\.{1,2}$/.test(specifier);
}

export function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier.split('/')[0] as string);
}

/** `@arb/shared/core` → `@arb/shared`, `ws/lib` → `ws`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Where a relative import leads, as a path from the root of the repository. */
export function targetOf(file: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(file), specifier));
}
