import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

/** Where recorded messages lie: `ARB_RECORDINGS`, else beside the project. Null where there are none. */
export function recordingsFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string | null {
  const folder = environment.ARB_RECORDINGS ?? join(ROOT, '..', 'shared', 'recordings');
  return existsSync(folder) ? folder : null;
}
