import { isAbsolute, join } from 'node:path';
import type { SessionConfig } from '@arb/shared/core';
import { Refusal } from '@arb/shared/runtime';
import { type Recorded, readRecording, recordingsFolder } from '@arb/venues/recording';
import { settingsOf } from '../core/index.ts';

/** By venue, in the order in which it happened. */
export type LoadedRecordings = ReadonlyMap<string, readonly Recorded[]>;

/** Reads all files before any session is joined: unpacking them takes longer than a lease may rest. */
export function loadRecordings(market: SessionConfig['market'], environment: NodeJS.ProcessEnv): LoadedRecordings | null {
  if (market.source !== 'recording') return null;
  const { recordings } = settingsOf(market);
  const folder = recordingsFolder(environment);
  return new Map(
    Object.entries(recordings).map(([venue, files]) => {
      const paths = files.map((file) => (isAbsolute(file) || folder === null ? file : join(folder, file)));
      try {
        return [venue, readRecording(paths, venue).entries];
      } catch (cause) {
        throw new Refusal(`market-data: market.recordings.${venue}: ${(cause as Error).message}`, { cause });
      }
    }),
  );
}
