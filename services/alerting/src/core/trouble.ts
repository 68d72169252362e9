import { type Position, type PositionRef, positionRef } from '@arb/shared/contracts';
import type { Severity } from '@arb/shared/core';

/** Something that a rule has found, from the first fact that fits to its end. */
export interface Trouble {
  readonly rule: string;
  readonly key: string;
  /** Of the list it stands in: which part of it is said whole at a time. */
  readonly scope: string;
  severity: Severity;
  /** Whether it is more than a suspicion: it has lasted, or happened, as long or as often as the rule asks. */
  open: boolean;
  readonly since: number;
  openedAt: number;
  /** Where the event stands that began it. */
  readonly session: string;
  readonly position: Position;
  hits: number;
  lastHit: number;
  /** When it happened, as far back as the rule counts. */
  times: number[];
  summary: string;
  /** Who knows: nobody yet, the journal only, people, or people as one of many in a group. */
  told: 'nobody' | 'journal' | 'people' | 'group';
  reminders: number;
  acknowledged: boolean;
  /** Ids of the last messages about it: people name it by what they have before them. */
  said: string[];
}

/** More messages than anybody looks back at. */
export const MOST_SAID = 8;

export type Troubles = Map<string, Trouble>;

export function originOf({ session, position }: Trouble, here: string): PositionRef {
  return positionRef(session, position, here);
}

/** `3 m`, for a sentence. */
export function spell(micros: number): string {
  const seconds = Math.max(0, Math.round(micros / 1_000_000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} m`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
}
