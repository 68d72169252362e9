import { SERVICES } from '@arb/shared/contracts';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Home } from './home.ts';
import type { Ports } from './ports.ts';
import type { Secrets } from './secrets.ts';
import { planServices, SIMULATOR } from './services.ts';

const KEYS = { ARB_UPBIT_ACCESS_KEY: 'planted-1', ARB_UPBIT_SECRET_KEY: 'planted-2', ARB_BINANCE_SECRET_KEY_FILE: '/planted-3' };

afterEach(() => {
  for (const name of Object.keys(KEYS)) delete process.env[name];
});

describe('the processes of the stack', () => {
  it('are given the keys of exchanges only where they ask with them', async () => {
    Object.assign(process.env, KEYS);
    let port = 9_000;
    const programs = await planServices({
      home: { folder: '/home' } as Home,
      ports: { taken: {}, take: async () => port++ } as unknown as Ports,
      secrets: { nats: {} } as Secrets,
      servers: { nats: 'nats://n', postgres: 'postgres://p', redis: 'redis://r' },
      settings: {},
      simulated: true,
      standby: true,
      clean: false,
    });
    expect(programs.map(({ name }) => name)).toEqual(expect.arrayContaining([SIMULATOR, ...SERVICES]));
    const holders = programs.filter(({ env }) => JSON.stringify(env).includes('planted')).map(({ name }) => name);
    expect(holders).toEqual(['market-data']);
    expect(programs.find(({ name }) => name === 'market-data')?.env).toMatchObject(KEYS);
    expect(programs.every(({ env }) => env?.PATH === process.env.PATH)).toBe(true);
  });
});
