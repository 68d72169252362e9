import { book } from '../book/book.ts';
import { campaign } from '../campaign/command.ts';
import type { Command } from '../command.ts';
import { verify } from '../verify/verify.ts';
import { doctor } from './doctor.ts';
import { sessions } from './sessions.ts';
import { start } from './start.ts';
import { status } from './status.ts';
import { stop } from './stop.ts';
import { tail } from './tail.ts';

/** Every command of `arb`, in the order in which help shows them. */
export const COMMANDS: readonly Command[] = [start, status, sessions, tail, verify, book, campaign, stop, doctor];
