import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly workspaces?: readonly string[];
}
export interface Package {
  readonly folder: string;
  readonly manifest: Manifest;
}

export function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as T;
}

export function readText(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

export const rootManifest = readJson<Manifest>('package.json');

export const packages: readonly Package[] = (rootManifest.workspaces ?? [])
  .flatMap((pattern) => {
    const folder = pattern.replace(/\/\*$/, '');
    return folder === pattern ? [pattern] : readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`);
  })
  .filter((folder) => existsSync(join(ROOT, folder, 'package.json')))
  .map((folder) => ({ folder, manifest: readJson<Manifest>(`${folder}/package.json`) }));

/** Files that are in the repository, or would be with the next commit. */
export const repositoryFiles: readonly string[] = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
})
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)));

export const sources: readonly string[] = repositoryFiles.filter((file) => /\.[cm]?[jt]sx?$/.test(file));

export function isSpec(file: string): boolean {
  return /\.spec\.[cm]?tsx?$/.test(file);
}
