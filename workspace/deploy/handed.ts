import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// @ts-expect-error: plain JavaScript, because containers run it as it is
import * as secrets from '../../deploy/secrets/secrets.mjs';

export type Files = Readonly<Record<string, string>>;

export const passwords: Readonly<Record<string, string>> = secrets.passwordsFrom(
  (name: string) => `Planted${name.replaceAll('-', '')}0123456789`,
);
export const PASSWORDS: readonly string[] = secrets.PASSWORDS;
export const REDIS_USERS: readonly string[] = secrets.REDIS_USERS;

/** By receiver: what compose hands out. */
export const handed: Readonly<Record<string, Files>> = secrets.handedOut(passwords, {
  postgres: 'postgres:5432',
  redis: 'redis:6379',
  nats: { viewer: true },
});

/** A folder that looks like what a process finds where its secrets are mounted. */
export function mounted(files: Files): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'arb-handed-'));
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}
