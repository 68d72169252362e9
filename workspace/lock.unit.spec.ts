import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
// @ts-expect-error: plain JavaScript, because it is run before anything is built
import { missingOptional } from './complete-lock.mjs';

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));

describe('package-lock.json', () => {
  it('names every optional package of every platform, so that npm ci takes it (else: npm run lock)', () => {
    expect([...missingOptional(lock).keys()]).toEqual([]);
  });

  it('would be refused with one of them left out', () => {
    const packages = { a: { optionalDependencies: { 'x-linux-arm64-musl': '1.0.0' } } };
    expect([...missingOptional({ packages }).keys()]).toEqual(['x-linux-arm64-musl']);
  });

  it('holds no address of a registry', () => {
    const places = Object.values(lock.packages as Record<string, { resolved?: string; link?: boolean }>);
    expect(places.filter(({ resolved, link }) => resolved !== undefined && link !== true)).toEqual([]);
  });
});
