import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { type Recording, readRecording, recordingsFolder } from '@arb/venues/recording';

export interface RecordingPlan {
  readonly venue: string;
  /** Several are one stream in their order; a name without a folder is looked for among the recordings. */
  readonly files: readonly string[];
  /** 1 as it was recorded, 2 twice as fast …; `fast` as fast as the client reads. */
  readonly speed: number | 'fast';
}

const PLAN = /^([a-z0-9]+):([^@\s]+?)(?:@(fast|\d{1,4}(?:\.\d{1,3})?))?$/;

/** `binance:FILE[,FILE…][@SPEED]`, several with a space between them. */
export function recordingPlans(text: string): readonly RecordingPlan[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const parts = PLAN.exec(word);
      const speed = parts?.[3] === 'fast' ? 'fast' : Number(parts?.[3] ?? 1);
      if (parts === null || speed === 0)
        throw new Error(`expected VENUE:FILE[,FILE…][@SPEED] with a speed such as 1, 10 or fast, found ${word}`);
      return { venue: parts[1] as string, files: (parts[2] as string).split(','), speed };
    });
}

export function openRecording({ venue, files }: RecordingPlan): Recording {
  const folder = recordingsFolder();
  return readRecording(
    files.map((file) => {
      const path = isAbsolute(file) ? file : join(folder ?? '.', venue, file);
      if (!existsSync(path))
        throw new Error(
          `expected a recording at ${path}, found none: name it with its folder, or set ARB_RECORDINGS to the folder of all venues'`,
        );
      return path;
    }),
    venue,
  );
}
