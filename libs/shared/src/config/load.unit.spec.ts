import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { canonicalJson, configHash } from './canonical.ts';
import { ConfigError } from './fault.ts';
import { type Config, loadConfig } from './load.ts';
import { venueKeysOf } from './venue-keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'arb-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Given {
  readonly yaml?: string;
  readonly more?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly environment?: string;
}

function load({ yaml = '', more, env = {}, environment = 'paper' }: Given): Config {
  writeFileSync(join(folder, `${environment}.yaml`), yaml);
  const file = join(folder, 'more.yaml');
  if (more !== undefined) writeFileSync(file, more);
  return loadConfig({ environment, env, folder, ...(more === undefined ? {} : { file }) });
}

/** The lines that say what is wrong, or none. */
function faults(given: Given): readonly string[] {
  try {
    load(given);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
}

const LIVE = `
infrastructure:
  natsUrl: nats://bus.example.net:4222
  postgresUrl: postgres://arb@db.example.net/arb
  redisUrl: redis://cache.example.net:6379
market:
  source: live
`;

describe('the layers of a configuration', () => {
  it('takes the file over the default, the named file over that, the variable over all, and the rest from the default', () => {
    const config = load({
      yaml: 'strategy: { minEdgeBps: 20, exitEdgeBps: 3, cooldownMs: 700 }',
      more: 'strategy: { minEdgeBps: 30, exitEdgeBps: 4 }',
      env: { ARB_STRATEGY_MIN_EDGE_BPS: '40.5' },
    });
    expect(config.session.strategy).toMatchObject({ minEdgeBps: 40.5, exitEdgeBps: 4, cooldownMs: 700, maxHoldSeconds: 20 });
  });

  it('names the further file by ARB_CONFIG too', () => {
    writeFileSync(join(folder, 'named.yaml'), 'risk: { maxExposure: "5000" }');
    expect(load({ env: { ARB_CONFIG: join(folder, 'named.yaml') } }).session.risk.maxExposure).toBe('5000');
  });

  it('takes the environment from ARB_ENV, and is paper without it', () => {
    writeFileSync(join(folder, 'local_dev.yaml'), '');
    writeFileSync(join(folder, 'paper.yaml'), '');
    expect(loadConfig({ env: { ARB_ENV: 'local_dev' }, folder }).infrastructure.environment).toBe('local_dev');
    expect(loadConfig({ env: {}, folder }).infrastructure.environment).toBe('paper');
  });

  it('changes one venue of a map and keeps the others', () => {
    const config = load({ yaml: 'strategy: { feeBps: { upbit: 4 } }', env: { ARB_EXECUTOR_LATENCY_MS_BINANCE_MAX: '9' } });
    expect(config.session.strategy.feeBps).toEqual({ upbit: 4, binance: 10 });
    expect(config.session.executor.latencyMs).toEqual({ upbit: { min: 4, max: 12 }, binance: { min: 2, max: 9 } });
  });

  it('reads lists from a variable, by commas or as JSON', () => {
    expect(load({ env: { ARB_MARKET_COINS: 'BTC, ETH' } }).session.market.coins).toEqual(['BTC', 'ETH']);
    expect(load({ env: { ARB_MARKET_COINS: '["SOL"]' } }).session.market.coins).toEqual(['SOL']);
    const venues = load({ env: { ARB_MARKET_VENUES: '[{"name":"upbit","quote":"KRW"}]' } }).session.market.venues;
    expect(venues).toEqual([{ name: 'upbit', quote: 'KRW' }]);
  });

  it('drops the defaults of a venue that is not watched', () => {
    const { session } = load({ yaml: 'market: { venues: [{ name: upbit, quote: KRW }] }' });
    expect(Object.keys(session.strategy.feeBps)).toEqual(['upbit']);
    expect(Object.keys(session.executor.openingBalances)).toEqual(['upbit']);
  });

  it('takes what belongs to the machine from variables without a section', () => {
    const { infrastructure } = load({ env: { ARB_HTTP_PORT: '0', ARB_STANDBY: 'true', ARB_HOME: '/data', ARB_NATS_USER: 'risk' } });
    expect(infrastructure).toMatchObject({ httpPort: 0, standby: true, home: '/data', natsUser: 'risk' });
  });

  it('counts an empty variable as not set', () => {
    expect(load({ env: { ARB_HTTP_PORT: '', ARB_ENV: '', ARB_CONFIG: '' } }).infrastructure.httpPort).toBe(8080);
  });

  it('is frozen to its leaves', () => {
    const { session } = load({});
    expect(() => {
      (session.executor.openingBalances.upbit as Record<string, string>).KRW = '1';
    }).toThrow(/read only/);
    expect(() => (session.market.coins as string[]).push('PEPE')).toThrow(/not extensible/);
  });

  it('accepts the files of the project, all but the template of live', () => {
    expect(loadConfig({ environment: 'paper', env: {} }).session.market.coins).toHaveLength(10);
    expect(loadConfig({ environment: 'local_dev', env: {} }).infrastructure.logLevel).toBe('debug');
    expect(() => loadConfig({ environment: 'live', env: {} })).toThrow(/natsUrl: .*placeholder/);
  });
});

describe('what a configuration is refused for', () => {
  it.each<[string, Given, RegExp]>([
    [
      'a misspelt key',
      { yaml: 'risk: { maxExposre: "1" }' },
      /^risk\.maxExposre: "1", is not a known key, did you mean risk\.maxExposure\? in config\/paper\.yaml$/,
    ],
    ['a misspelt section', { yaml: 'rsik: {}' }, /^rsik: \{\}, is not a known key, did you mean risk\?/],
    [
      'a misspelt key inside a map',
      { yaml: 'executor: { latencyMs: { upbit: { mim: 1 } } }' },
      /^executor\.latencyMs\.upbit\.mim: 1, .*did you mean min\?/,
    ],
    [
      'a misspelt venue',
      { yaml: 'strategy: { feeBps: { upbti: 1 } }' },
      /^strategy\.feeBps\.upbti: 1, is for a venue .*did you mean upbit\?/,
    ],
    ['an inherited name as key', { yaml: 'risk: { constructor: 1, __proto__: 2 }' }, /^risk\.constructor: 1, is not a known key/],
    [
      'the environment as a key',
      { yaml: 'infrastructure: { environment: live }' },
      /^infrastructure\.environment: "live", is not a known key/,
    ],
    [
      'a misspelt variable, without saying its value',
      { env: { ARB_NATS_PASWORD: 'hunter2' } },
      /^ARB_NATS_PASWORD: "\*\*\*", is not a known variable, did you mean ARB_NATS_PASSWORD\?/,
    ],
    [
      'a number written as text',
      { yaml: 'journal: { batchRows: "2000" }' },
      /^journal\.batchRows: "2000", is not a whole number from 1 to 100000, write such a number, in config\/paper\.yaml$/,
    ],
    [
      'money written as a number',
      { yaml: 'risk: { maxExposure: 10000 }' },
      /^risk\.maxExposure: 10000, is not a decimal number as text.*in quotes/,
    ],
    [
      'a number beyond its bounds',
      { env: { ARB_HTTP_PORT: '70000' } },
      /^infrastructure\.httpPort: 70000, is not a whole number from 0 to 65535, .*in ARB_HTTP_PORT$/,
    ],
    ['no number at all', { env: { ARB_HTTP_PORT: '0x10' } }, /^infrastructure\.httpPort: "0x10", is not a whole number/],
    ['not a number', { yaml: 'strategy: { minEdgeBps: .nan }' }, /^strategy\.minEdgeBps: "NaN", is not a number from/],
    ['nothing', { yaml: 'strategy: { notional: }' }, /^strategy\.notional: null, is not a decimal number/],
    ['neither true nor false', { env: { ARB_STANDBY: 'yes' } }, /^infrastructure\.standby: "yes", is not true or false/],
    [
      'an unknown choice',
      { yaml: 'market: { source: simulate }' },
      /^market\.source: "simulate", is not one of simulated \| live \| recording/,
    ],
    [
      'a server twice',
      { env: { ARB_NATS_URL: 'nats://a:4222,nats://a:4222' } },
      /^infrastructure\.natsUrl: .*is not an address with nats:\/\/.* each server once/,
    ],
    ['too many copies', { env: { ARB_NATS_REPLICAS: '6' } }, /^infrastructure\.natsReplicas: 6, is not a whole number from 1 to 5/],
    [
      'a wrong address',
      { yaml: 'infrastructure: { natsUrl: "localhost:4222" }' },
      /^infrastructure\.natsUrl: .*is not an address with nats:\/\//,
    ],
    ['a doubled coin', { yaml: 'market: { coins: [BTC, ETH, BTC] }' }, /^market\.coins\[2\]: "BTC", is already at \[0\]/],
    [
      'a doubled venue',
      { env: { ARB_MARKET_VENUES: '[{"name":"upbit","quote":"KRW"},{"name":"upbit","quote":"BTC"}]' } },
      /^market\.venues\[1\]: .*is already at \[0\]/,
    ],
    ['no coin', { yaml: 'market: { coins: [] }' }, /^market\.coins: \[\], is not a list of 1 to/],
    ['a map that is no map', { yaml: 'strategy: { feeBps: 5 }' }, /^strategy\.feeBps: 5, is not a map by venue/],
    ['a section that is no section', { yaml: 'risk: 5' }, /^risk: 5, is not a section/],
    [
      'a venue without its fee',
      { yaml: 'market: { venues: [{ name: okx, quote: USDT }] }' },
      /^strategy\.feeBps\.okx: nothing, is missing/,
    ],
    [
      'a venue without its quote currency',
      { yaml: 'market: { venues: [{ name: upbit, quote: BUSD }] }' },
      /^executor\.openingBalances\.upbit\.BUSD: nothing, is missing/,
    ],
    ['an exit above the entry', { yaml: 'strategy: { exitEdgeBps: 15 }' }, /^strategy\.exitEdgeBps: 15, is not below strategy\.minEdgeBps/],
    ['every entry abnormal', { yaml: 'strategy: { abnormalEdgeBps: 15 }' }, /^strategy\.abnormalEdgeBps: 15, is not above/],
    ['a coin above the whole', { yaml: 'risk: { maxPerCoin: "10001" }' }, /^risk\.maxPerCoin: "10001", is above risk\.maxExposure/],
    [
      'more trips in one coin than in all',
      { yaml: 'strategy: { maxTripsPerCoin: 11 }' },
      /^strategy\.maxTripsPerCoin: 11, is above strategy\.maxOpenTrips/,
    ],
    [
      'a score that weighs nothing',
      { yaml: 'strategy: { scoreWeights: { spread: 0, health: 0, fees: 0, inventory: 0 } }' },
      /^strategy\.scoreWeights: 0, weigh nothing/,
    ],
    [
      'fees of a venue that is not watched',
      { yaml: "strategy: { feeSchedules: { okx: { volume: '0', tiers: [{ from: '0', makerBps: 8, takerBps: 10 }], quotes: {} } } }" },
      /^strategy\.feeSchedules\.okx: "okx", is for a venue that market\.venues does not list/,
    ],
    [
      'a halt before the limit of the day',
      { yaml: 'risk: { emergencyStop: "999" }' },
      /^risk\.emergencyStop: "999", is below risk\.maxDailyLoss/,
    ],
    ['limits in another currency', { yaml: 'risk: { currency: KRW }' }, /^risk\.currency: "KRW", is not aggregator\.numeraire/],
    [
      'a recording of nothing',
      { yaml: 'market: { source: recording, recordings: { upbit: [a.gz] } }' },
      /^market\.recordings\.binance: nothing, is missing: the source is recording/,
    ],
    [
      'a latency upside down',
      { yaml: 'executor: { latencyMs: { upbit: { min: 20 } } }' },
      /^executor\.latencyMs\.upbit\.min: 20, is above max/,
    ],
    [
      'a queue of paper orders',
      { yaml: 'executor: { fillModel: queue }' },
      /^executor\.fillModel: "queue", is not offered: .*choose depth/,
    ],
    [
      'zones without their ratios',
      { yaml: 'executor: { calibration: { edgeBps: [10, 20] } }' },
      /^executor\.calibration\.ratios: 12, is not one ratio for each of the 18 zones/,
    ],
    [
      'zones that do not ascend',
      { yaml: 'executor: { calibration: { size: [0.75, 0.25] } }' },
      /^executor\.calibration\.size: \[0\.75,0\.25\], does not ascend/,
    ],
    [
      'a ratio above one',
      { env: { ARB_EXECUTOR_CALIBRATION_RATIOS: '[2]' } },
      /^executor\.calibration\.ratios\[0\]: 2, is not a number from 0 to 1/,
    ],
    ['text that is not YAML', { yaml: 'risk: { maxExposure: [ }' }, /^config\/paper\.yaml: .*is not YAML/],
    ['a key twice', { yaml: 'risk: {}\nrisk: {}' }, /^config\/paper\.yaml: .*is not YAML \(Map keys must be unique/],
    ['YAML that is a list', { yaml: '- risk' }, /^config\/paper\.yaml: .*is not a map of sections/],
    ['a variable that is not JSON', { env: { ARB_MARKET_VENUES: 'upbit' } }, /^ARB_MARKET_VENUES: "upbit", is not JSON/],
    [
      'a named file that is not there',
      { env: { ARB_CONFIG: '/nowhere/x.yaml' } },
      /^ARB_CONFIG: "\/nowhere\/x\.yaml", cannot be read \(ENOENT\)/,
    ],
  ])('%s', (_, given, line) => {
    expect(faults(given)[0]).toMatch(line);
  });

  it('lists every fault, each on one line', () => {
    expect(faults({ yaml: 'risk: { maxExposure: 1, maxPerCon: "2" }', env: { ARB_HTTP_PORT: 'x' } })).toHaveLength(3);
  });

  it('an environment that is none of the three', () => {
    expect(() => loadConfig({ environment: 'papr', env: {}, folder })).toThrow(/ARB_ENV: "papr", .* did you mean paper\?/);
  });

  it('an environment without its file', () => {
    expect(() => loadConfig({ env: {}, folder: join(folder, 'none') })).toThrow(/config\/paper\.yaml: .*cannot be read \(ENOENT\)/);
  });
});

describe('secrets', () => {
  it('come from a variable or from the file that a variable names', () => {
    expect(load({ env: { ARB_NATS_PASSWORD: 'hunter2' } }).infrastructure.natsPassword).toBe('hunter2');
    writeFileSync(join(folder, 'secret'), 'hunter3\n');
    expect(load({ env: { ARB_NATS_PASSWORD_FILE: join(folder, 'secret') } }).infrastructure.natsPassword).toBe('hunter3');
  });

  it.each<[string, Given, RegExp]>([
    [
      'a password',
      { yaml: 'infrastructure: { natsPassword: hunter2 }' },
      /natsPassword: \*\*\*, holds a secret.*set ARB_NATS_PASSWORD or ARB_NATS_PASSWORD_FILE$/,
    ],
    [
      'an address with a password',
      { yaml: 'infrastructure: { postgresUrl: "postgres://arb:hunter2@db/arb" }' },
      /postgresUrl: "postgres:\/\/arb:\*\*\*@db\/arb", holds a secret/,
    ],
    [
      'an address with a password as parameter',
      { yaml: 'infrastructure: { postgresUrl: "postgres://db/arb?password=hunter2" }' },
      /postgresUrl: .*holds a secret/,
    ],
    [
      'one of several addresses with a password',
      { yaml: 'infrastructure: { natsUrl: "nats://bus:4222,nats://arb:hunter2@bus2:4222" }' },
      /natsUrl: .*holds a secret/,
    ],
    ['an address with a token', { yaml: 'infrastructure: { natsUrl: "nats://hunter2@bus:4222" }' }, /natsUrl: .*holds a secret/],
    ['a misspelt password', { yaml: 'infrastructure: { natsPasswrd: hunter2 }' }, /natsPasswrd: "\*\*\*", is not a known key/],
  ])('are refused in a file: %s', (_, given, line) => {
    const found = faults(given);
    expect(found[0]).toMatch(line);
    expect(found.join()).not.toContain('hunter2');
  });

  it('are refused when variable and file are both set, or the file is away', () => {
    writeFileSync(join(folder, 'secret'), 'hunter3');
    const env = { ARB_NATS_PASSWORD: 'hunter2', ARB_NATS_PASSWORD_FILE: join(folder, 'secret') };
    expect(faults({ env })[0]).toMatch(/ARB_NATS_PASSWORD_FILE: .*which is set too/);
    expect(faults({ env: { ARB_NATS_PASSWORD_FILE: '/nowhere/s' } })[0]).toMatch(/ARB_NATS_PASSWORD_FILE: .*cannot be read/);
  });

  it('are both halves of a key of an exchange: by variable or file, in no file of settings and not in what a session is made of', () => {
    writeFileSync(join(folder, 'secret'), 'hunter2-secret\n');
    const env = { ARB_UPBIT_ACCESS_KEY: 'hunter2-access', ARB_UPBIT_SECRET_KEY_FILE: join(folder, 'secret') };
    const { infrastructure, session } = load({ env });
    expect([...venueKeysOf(infrastructure)]).toEqual([['upbit', { access: 'hunter2-access', secret: 'hunter2-secret' }]]);
    expect(JSON.stringify(session)).not.toContain('hunter2');
    expect(configHash(session)).toBe(configHash(load({}).session));
    for (const key of ['upbitAccessKey', 'binanceSecretKey']) {
      const found = faults({ yaml: `infrastructure: { ${key}: hunter2-x }` });
      expect(found[0]).toMatch(new RegExp(`${key}: \\*\\*\\*, holds a secret`));
      expect(found.join()).not.toContain('hunter2');
    }
  });

  it.each([
    [
      'ARB_UPBIT_ACCESS_KEY',
      'infrastructure.upbitSecretKey: nothing, is missing: infrastructure.upbitAccessKey alone signs nothing, set ARB_UPBIT_SECRET_KEY or ARB_UPBIT_SECRET_KEY_FILE, or unset ARB_UPBIT_ACCESS_KEY',
    ],
    [
      'ARB_BINANCE_SECRET_KEY',
      'infrastructure.binanceAccessKey: nothing, is missing: infrastructure.binanceSecretKey alone signs nothing, set ARB_BINANCE_ACCESS_KEY or ARB_BINANCE_ACCESS_KEY_FILE, or unset ARB_BINANCE_SECRET_KEY',
    ],
  ])('are refused by halves: %s alone', (variable, line) => {
    expect(faults({ env: { [variable]: 'hunter2-half' } })).toEqual([line]);
  });

  it('do not hold what no header can hold: an HTTP client would repeat it', () => {
    const found = faults({ env: { ARB_UPBIT_ACCESS_KEY: 'hunter2\nhunter2', ARB_UPBIT_SECRET_KEY: 'hunter2-secret' } });
    expect(found).toEqual([expect.stringContaining('infrastructure.upbitAccessKey: ***, is not a key as the exchange has written it')]);
  });

  it('do not show in a fault', () => {
    const found = faults({ env: { ARB_POSTGRES_URL: 'mysql://arb:hunter2@db/arb', ARB_NATS_PASSWORD: 'hunter2\nx' } });
    expect(found).toHaveLength(2);
    expect(found.join()).not.toContain('hunter2');
  });
});

describe('live', () => {
  it('starts with real servers, of NATS several', () => {
    expect(faults({ environment: 'live', yaml: LIVE })).toEqual([]);
    const env = { ARB_NATS_URL: 'nats://n0:4222,nats://n1:4222,nats://n2:4222', ARB_NATS_REPLICAS: '3' };
    expect(load({ environment: 'live', yaml: LIVE, env }).infrastructure).toMatchObject({ natsUrl: env.ARB_NATS_URL, natsReplicas: 3 });
  });

  it.each([
    'nats://localhost:4222',
    'nats://LOCALHOST:4222',
    'nats://127.0.0.1:4222',
    'nats://127.1.2.3',
    'nats://[::1]:4222',
    'nats://0.0.0.0:4222',
    'nats://bus.example.net:4222,nats://127.0.0.1:4222',
  ])('refuses %s', (url) => {
    expect(faults({ environment: 'live', yaml: LIVE, env: { ARB_NATS_URL: url } })).toEqual([
      expect.stringMatching(/^infrastructure\.natsUrl: .*is this machine itself/),
    ]);
  });

  it('refuses a database on this machine that is named as a parameter', () => {
    expect(faults({ environment: 'live', yaml: LIVE, env: { ARB_POSTGRES_URL: 'postgres://db/arb?host=localhost' } })).toHaveLength(1);
  });

  it('refuses the simulator on this machine only where it is used', () => {
    const found = faults({ environment: 'live', yaml: LIVE, env: { ARB_MARKET_SOURCE: 'simulated' } });
    expect(found).toEqual([expect.stringMatching(/^infrastructure\.simulatorUrl: .*is this machine itself/)]);
  });

  it.each([
    ['ARB_NATS_PASSWORD', 'changeme', 'natsPassword: ***'],
    ['ARB_NATS_USER', 'ChangeMe', 'natsUser: "ChangeMe"'],
    ['ARB_POSTGRES_URL', 'postgres://arb@<host>/arb', 'postgresUrl: '],
  ])('refuses the placeholder in %s', (name, value, shown) => {
    expect(faults({ environment: 'live', yaml: LIVE, env: { [name]: value } })).toEqual([
      expect.stringMatching(new RegExp(`^infrastructure\\.${shown.replaceAll('*', '\\*')}.*is a placeholder`)),
    ]);
  });

  it('says what it refuses together with every other fault', () => {
    expect(
      faults({ environment: 'live', yaml: LIVE, env: { ARB_NATS_URL: 'nats://localhost', ARB_HTTP_PORT: 'x', ARB_REDIS_URL: 'cache' } }),
    ).toHaveLength(3);
  });

  it('refuses neither in paper', () => {
    expect(faults({ env: { ARB_NATS_PASSWORD: 'changeme', ARB_NATS_URL: 'nats://localhost:4222' } })).toEqual([]);
  });
});

describe('the hash of a session', () => {
  it('changes with what decides and with nothing else', () => {
    const hash = configHash(load({}).session);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    const machine = {
      ARB_HTTP_PORT: '1',
      ARB_NATS_URL: 'nats://other',
      ARB_STANDBY: 'true',
      ARB_REPLICA: '1',
      ARB_LOG_LEVEL: 'debug',
      ARB_HOME: 'x',
    };
    expect(configHash(load({ env: machine }).session)).toBe(hash);
    expect(configHash(load({ env: { ARB_STRATEGY_COOLDOWN_MS: '501' } }).session)).not.toBe(hash);
  });

  it('does not depend on the order in which a map was written', () => {
    const one = load({ yaml: 'market: { venues: [{ name: upbit, quote: KRW }] }' });
    const other = load({ yaml: 'market: { venues: [{ quote: KRW, name: upbit }] }' });
    expect(configHash(one.session)).toBe(configHash(other.session));
  });

  it('never sees a secret', () => {
    expect(canonicalJson({ b: [1, { apiKey: 'hunter2' }], a: 'x' })).toBe('{"a":"x","b":[1,{"apiKey":"***"}]}');
  });
});
