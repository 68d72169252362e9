import { alerts } from '../alerts/alerts.ts';
import { incidents } from '../alerts/incidents/incidents.ts';
import { book } from '../book/book.ts';
import { campaign } from '../campaign/command.ts';
import type { Command } from '../command.ts';
import { backup, restore, storage } from '../record/backup.ts';
import { exportCommand, importCommand } from '../record/export.ts';
import { replay } from '../record/replay.ts';
import { session } from '../record/session.ts';
import { state } from '../record/state.ts';
import { why, whyNot } from '../record/why.ts';
import { verify } from '../verify/verify.ts';
import { doctor } from './doctor.ts';
import { handover } from './handover.ts';
import { sessions } from './sessions.ts';
import { start } from './start.ts';
import { status } from './status.ts';
import { STEERING } from './steer.ts';
import { stop } from './stop.ts';
import { tail } from './tail.ts';

/** Every command of `arb`, in the order in which help shows them. */
export const COMMANDS: readonly Command[] = [
  start,
  handover,
  status,
  sessions,
  session,
  tail,
  replay,
  verify,
  why,
  whyNot,
  state,
  exportCommand,
  importCommand,
  backup,
  restore,
  storage,
  book,
  campaign,
  alerts,
  incidents,
  ...STEERING,
  stop,
  doctor,
];
