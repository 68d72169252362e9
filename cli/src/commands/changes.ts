import type { SessionRow } from '@arb/shared/runtime';

/**
 * What makes a session another one: its configuration, and the versions of the cores, from which all that it says follows. Null where neither
 * has changed: shells, commands and pages may be of another release then, and the session goes on.
 */
export function changesOf(session: SessionRow, configHash: string, versions: Readonly<Record<string, string>>): string | null {
  const changed = session.configHash === configHash ? [] : ['the configuration has changed'];
  for (const [service, version] of Object.entries(versions)) {
    const before = session.versions[service];
    if (before !== version) changed.push(`${service} was version ${before ?? 'none'} and is ${version}`);
  }
  return changed.length === 0 ? null : changed.join(', ');
}
