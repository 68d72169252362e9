import { describe, expect, it } from '@jest/globals';
import { SERVICES, type Writer } from '../contracts/index.ts';
import { plainOf, wireOf } from './address.ts';
import { natsConfig, publishableBy } from './config.ts';

const WRITERS: readonly Writer[] = [...SERVICES, 'cli'];
const passwords = Object.fromEntries(WRITERS.map((writer) => [writer, `secret-${writer}`])) as Record<Writer, string>;
const options = { port: 4222, storeDir: '/data', passwords, maxStore: 1_000_000 };

describe('natsConfig', () => {
  it('lets a service speak of itself only', () => {
    expect(publishableBy('risk')).toEqual(expect.arrayContaining([wireOf('verdict.*'), wireOf('service.risk')]));
    expect(publishableBy('market-data')).toContain(wireOf('lease.market-data'));
    for (const writer of WRITERS)
      for (const subject of publishableBy(writer)) {
        expect(plainOf(subject)).not.toMatch(/^(service|lease)\.\*/);
        // What is published by its plain name reaches nobody.
        expect(subject).toMatch(/^(ev|\$JS|replay)\./);
        expect(subject).not.toBe('>');
      }
  });

  it('gives the stream administration to the journal alone', () => {
    for (const writer of WRITERS) {
      const admin = publishableBy(writer).some((subject) => /STREAM\.(CREATE|UPDATE|DELETE|PURGE)/.test(subject));
      expect([writer, admin]).toEqual([writer, writer === 'journal']);
    }
  });

  it('makes a shadow only where it is asked for, and lets it publish no event and administer nothing', () => {
    expect(natsConfig(options)).not.toContain('user: "shadow"');
    const made = natsConfig({ ...options, shadowPassword: 'secret-shadow' });
    const [, allowed, heard] = /user: "shadow"[^}]*publish: \{ allow: \[(.*)\] \}\s*subscribe: \{ allow: \[(.*)\] \}/.exec(made) ?? [];
    expect(allowed?.split(', ').filter((subject) => /"ev\.|replay|STREAM\.(CREATE|UPDATE|DELETE|PURGE|NAMES)|">"/.test(subject))).toEqual(
      [],
    );
    expect(heard).toBe('"_INBOX_shadow.>"');
    expect(() => natsConfig({ ...options, shadowPassword: '' })).toThrow('a password for the NATS user shadow');
  });

  it('opens the viewer without credentials on loopback only', () => {
    expect(natsConfig(options)).toContain('no_auth_user');
    expect(natsConfig({ ...options, host: '0.0.0.0' })).not.toContain('viewer');
    expect(natsConfig({ ...options, host: '0.0.0.0', viewer: true })).toContain('no_auth_user');
  });

  it('refuses an empty password, one that the server would take for a hash, and numbers that make no sense', () => {
    expect(() => natsConfig({ ...options, passwords: { ...passwords, risk: '' } })).toThrow('password for the NATS user risk');
    expect(() => natsConfig({ ...options, passwords: { ...passwords, risk: '$2a$11$abc' } })).toThrow('bcrypt');
    expect(() => natsConfig({ ...options, port: 70_000 })).toThrow('port');
    expect(() => natsConfig({ ...options, maxStore: Number.NaN })).toThrow('maxStore');
  });
});
