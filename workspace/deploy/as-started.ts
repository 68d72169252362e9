import { type Config, loadConfig } from '@arb/shared/config';
import { type Files, mounted } from './handed.ts';

export type Environment = Readonly<Record<string, string>>;

/** What the code itself makes of a process' environment, with its secrets where they are mounted: throws at a name it does not know. */
export function asStarted(env: Environment, files: Files): Config {
  const { folder, remove } = mounted(files);
  try {
    const own = Object.fromEntries(
      Object.entries(env)
        .filter(([name]) => name.startsWith('ARB_'))
        .map(([name, value]) => [name, name.endsWith('_FILE') ? value.replace('/secrets', folder) : value]),
    );
    return loadConfig({ env: own });
  } finally {
    remove();
  }
}
