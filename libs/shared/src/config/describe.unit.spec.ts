import { describe, expect, it } from '@jest/globals';
import { describeConfig } from './describe.ts';
import { defaults } from './tree.ts';

const { settings } = describeConfig();

describe('the description of the configuration', () => {
  it('has every setting once, with a meaning and a variable of its own', () => {
    const paths = Object.entries(defaults()).flatMap(([section, values]) => Object.keys(values).map((key) => `${section}.${key}`));
    expect(settings.map((setting) => setting.path).sort()).toEqual(paths.sort());
    expect(new Set(settings.map((setting) => setting.variable)).size).toBe(settings.length);
    for (const setting of settings) expect(setting.says).not.toBe('');
  });

  it('says which settings decide, which are secret and which can come from a file', () => {
    const of = (path: string) => settings.find((setting) => setting.path === path);
    expect(of('risk.maxExposure')).toMatchObject({ variable: 'ARB_RISK_MAX_EXPOSURE', inHash: true, secret: false, fileVariable: null });
    expect(of('infrastructure.natsPassword')).toMatchObject({ inHash: false, secret: true, fileVariable: 'ARB_NATS_PASSWORD_FILE' });
  });

  it('knows no secret among what a session says in its first event', () => {
    expect(settings.filter((setting) => setting.inHash && setting.secret)).toEqual([]);
  });
});
