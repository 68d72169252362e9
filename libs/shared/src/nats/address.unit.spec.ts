import { describe, expect, it } from '@jest/globals';
import { echoRootsOf, KINDS, ROOTS, rootsOf, SERVICES, type ServiceName } from '../contracts/index.ts';
import { echoFilterOf, filterOf, plainOf, wireOf } from './address.ts';

/** NATS' own rule: `*` stands for one word, `>` for one or more at the end. */
function matches(filter: string, subject: string): boolean {
  const words = subject.split('.');
  const pattern = filter.split('.');
  for (const [i, word] of pattern.entries()) {
    if (word === '>') return words.length > i;
    if (word !== '*' && word !== words[i]) return false;
  }
  return words.length === pattern.length;
}

describe('the address of a subject', () => {
  const subjects = KINDS.map(({ root, words }) => [root, ...words.map(() => 'X')].join('.'));

  it('is gone once it has been read', () => {
    for (const subject of [...subjects, 'l2.>', 'closed.s-1', 'replay.7.l2.BTC']) expect(plainOf(wireOf(subject))).toBe(subject);
  });

  it('is matched by the filter of a service where it is given the root, and by that of its echoes where it only hears itself', () => {
    for (const service of SERVICES.filter((name): name is Exclude<ServiceName, 'journal'> => name !== 'journal')) {
      const filter = filterOf(service) as string;
      const echoes = echoRootsOf(service);
      for (const root of ROOTS) {
        const wire = wireOf(`${root}.x`);
        expect([service, root, matches(filter, wire), matches(echoFilterOf(service), wire)]).toEqual([
          service,
          root,
          rootsOf(service).has(root) && !echoes.has(root),
          echoes.has(root),
        ]);
      }
    }
    expect(filterOf('journal')).toBeNull();
  });

  it('covers with each service what it reads, what it says, and what decides whose turn it is', () => {
    for (const service of SERVICES)
      for (const kind of KINDS)
        if (kind.readers.includes(service) || kind.writers.includes(service) || ['session', 'clock', 'lease'].includes(kind.root))
          expect([service, kind.root, rootsOf(service).has(kind.root)]).toEqual([service, kind.root, true]);
  });

  it('is left away where a subject is none of the table', () => {
    expect(wireOf('closed.s-1')).toBe('closed.s-1');
    expect(wireOf('clock')).toMatch(/\.clock$/);
  });
});
