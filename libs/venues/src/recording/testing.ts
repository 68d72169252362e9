import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { VenueAdapter } from '../adapter.ts';
import { VENUES } from '../registry.ts';
import { readRecording } from './files.ts';
import { recordingsFolder } from './folder.ts';
import type { Recorded } from './lines.ts';

const folder = recordingsFolder();

/** For the name of what needs recordings: says why it is skipped where there are none. */
export const WITH_RECORDINGS = folder === null ? ' [skipped: no recordings; ARB_RECORDINGS names their folder]' : '';
export const HAS_RECORDINGS = folder !== null;

/** Empty where there are no recordings. */
export function recorded(venue: string, file: string): readonly Recorded[] {
  return folder === null ? [] : readRecording([join(folder, venue, file)], venue).entries;
}

export function recordedFiles(venue: string): readonly string[] {
  return folder === null ? [] : readdirSync(join(folder, venue)).sort();
}

export function adapterOf(venue: string): VenueAdapter {
  const adapter = VENUES.get(venue);
  if (adapter === undefined) throw new Error(`no adapter for ${venue}`);
  return adapter;
}
