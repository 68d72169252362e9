import { describe, expect, it } from '@jest/globals';
import { isSpec, readText, sources } from './packages.ts';
import { sourceText } from './source-text.ts';

const REGISTRY = 'libs/venues/src/registry.ts';

/** Where a new exchange has a line besides its own folder; the last two only where it is to differ from the others. */
const LINES = [
  REGISTRY,
  'simulator/src/venues/registry.ts',
  // Which venues are watched unless others are named, with what belongs to each: another one is configured.
  'libs/shared/src/config/session.ts',
  'simulator/src/market/venue-market.ts',
];

/** What tests, measurements and proofs are made of names the venues that it is about. */
const ABOUT = /(^|\/)(testing|bench|fuzz|simulation|incidents|proofs)\/|(^|\/)(testing|random-market)\.ts$/;

const venues = [...readText(REGISTRY).matchAll(/from '\.\/(\w+)\/index\.ts'/g)].map((found) => found[1] as string);

function names(text: string): readonly string[] {
  const { code, strings } = sourceText(text);
  return venues.filter(
    (venue) => new RegExp(`\\b${venue}\\b`).test(code) || strings.some((string) => string.text.split('/').includes(venue)),
  );
}

describe('an exchange', () => {
  it('is named in its own folders, and in no other code than a line of each registry and what is configured', () => {
    expect(venues).toEqual(expect.arrayContaining(['upbit', 'binance']));
    const own = new RegExp(`^(libs/venues/src|simulator/src/venues)/(${venues.join('|')})/`);
    const others = sources.filter((file) => !isSpec(file) && !own.test(file) && !ABOUT.test(file));
    expect(others.length).toBeGreaterThan(500);
    expect(others.filter((file) => names(readText(file)).length > 0).sort()).toEqual([...LINES].sort());
  });

  it.each([
    ["if (venue === 'upbit') wait();", ['upbit']],
    ["import { upbit } from '../upbit/feed.ts';", ['upbit']],
    ['const fees = { binance: 10 };', ['binance']],
    ["// upbit sends whole books\nconst text = 'such as upbit';", []],
  ])('is named by %j: %j', (text, expected) => {
    expect(names(text)).toEqual(expected);
  });
});
