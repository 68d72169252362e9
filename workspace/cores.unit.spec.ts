import { describe, expect, it } from '@jest/globals';
import { impurities, isPure } from './core-rules.ts';
import { readText, sources } from './packages.ts';

const CORE = 'services/risk/src/core/limits.ts';

describe('cores', () => {
  it('are pure', () => {
    const pure = sources.filter(isPure);
    expect(pure).toContain('libs/shared/src/contracts/envelope.ts');
    expect(pure.flatMap((file) => impurities(file, readText(file)))).toEqual([]);
  });

  it.each([
    "import { readFileSync } from 'node:fs';",
    "import fs from 'fs';",
    "import { Injectable } from '@nestjs/common';",
    "import type { Link } from '@arb/shared/runtime';",
    "import { money } from '@arb/shared';",
    "import { port } from '../shell/port.ts';",
    "export * from '../../../strategy/src/core/index.ts';",
    'const lazy = import(name);',
    'const at = Date.now();',
    'const at = new Date();',
    'const spread = [...process.argv];',
    'const at = performance.now();',
    'setTimeout(call, 1);',
    'setInterval(call, 1);',
    'setImmediate(call);',
    'queueMicrotask(call);',
    'Math.random();',
    'Math.exp(1);',
    'Math.log(1);',
    'Math.log2(1);',
    'Math.pow(2, x);',
    'Math.sin(1);',
    'Math.cos(1);',
    'Math.tan(1);',
    "Math['random']();",
    'const { random } = Math;',
    'const y = x ** 2;',
    'const y = 2 ** x;',
    'y **= 2;',
    'process.exit(1);',
    'crypto.randomUUID();',
    'new Intl.NumberFormat();',
    'n.toLocaleString();',
    'a.localeCompare(b);',
    "fetch('x');",
    'globalThis.x;',
    'import.meta.url;',
    'console.log(1);',
    "Buffer.from('x');",
    'new TextDecoder();',
    '`\u0024{Date.now()}`;',
    'Date.now(); // allowed:',
    'Date.now(); // because',
    "Date.now(); const s = '// allowed: not a comment';",
    '// allowed: of another line\nDate.now();',
  ])('may not say: %s', (text) => {
    expect(impurities(CORE, text)).toHaveLength(1);
  });

  it.each([
    "import type { Core } from '@arb/shared/core';",
    "import { tiers } from './tiers.ts';",
    "import { tiers } from './tiers/index.ts';",
    "import { KINDS } from '@arb/shared/contracts';",
    'Math.max(1, Math.sqrt(2));',
    'const scale = 10 ** 8;',
    'const scale = 10n ** BigInt(digits);',
    "const text = 'Date.now()'; // Math.random()",
    'queue.process(order); venue.fetch();',
    'context.setTimer(id, at);',
    'const updated = lastUpdateDate;',
    'const at = Date.now(); // allowed: only in a message for people',
  ])('may say: %s', (text) => {
    expect(impurities(CORE, text)).toEqual([]);
  });

  it('of the library are its contracts, core and money, of which the contracts may read bytes', () => {
    for (const part of ['contracts', 'core', 'money']) expect(impurities(`libs/shared/src/${part}/a.ts`, 'Date.now()')).toHaveLength(1);
    expect(impurities('libs/shared/src/contracts/a.ts', "Buffer.from('x'); new TextDecoder();")).toEqual([]);
    expect(impurities('libs/shared/src/money/a.ts', "import '../core/index.ts';")).toEqual([]);
    expect(impurities('libs/shared/src/money/a.ts', "import '../config/index.ts';")).toHaveLength(1);
  });

  it('are not their specs, nor the shells', () => {
    expect(isPure('services/risk/src/core/limits.unit.spec.ts')).toBe(false);
    expect(isPure('services/risk/src/shell/main.ts')).toBe(false);
  });
});
