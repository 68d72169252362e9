import { HURRIED, readsOf } from '@arb/shared/contracts';
import { describe, expect, it } from '@jest/globals';
import { CORES } from './cores.ts';

/** Heard by the runtime itself, or by what will send real orders. */
const BESIDES = ['session.started', 'session.resumed', 'session.stopping', 'session.stopped', 'clock', 'lease', 'journal.committed'];

describe('what the table gives to read', () => {
  // Each message that a hurried service is given wakes it, and may hold up the one on its way to an order.
  it.each(HURRIED)('to %s is what its core takes, and nothing besides', (service) => {
    const given = readsOf(service).map(({ type }) => type as string);
    const taken = (CORES[service as keyof typeof CORES]().inputs as readonly string[]).filter((type) => !BESIDES.includes(type));
    expect(given.filter((type) => !BESIDES.includes(type)).sort()).toEqual([...taken].sort());
  });
});
