import type { Command } from '../command.ts';

/**
 * Commands that people ask many times over: each is loaded without the others, in a third of the time that all of them take. They are in
 * the table of all commands as well.
 */
export const LOADED_ALONE: Readonly<Record<string, () => Promise<Command>>> = {
  status: async () => (await import('./status.ts')).status,
  sessions: async () => (await import('./sessions.ts')).sessions,
  session: async () => (await import('../record/session.ts')).session,
  replay: async () => (await import('../record/replay.ts')).replay,
  verify: async () => (await import('../verify/verify.ts')).verify,
  why: async () => (await import('../record/why.ts')).why,
  'why-not': async () => (await import('../record/why.ts')).whyNot,
  state: async () => (await import('../record/state.ts')).state,
};
