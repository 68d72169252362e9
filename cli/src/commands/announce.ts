import { NATS_PORT } from '../stack/servers/nats.ts';
import type { Stack } from '../stack/stack.ts';

/** What a person needs to know once everything is up. */
export function announce(stack: Stack, before: string | null, clean: boolean, tookMs: number, write: (line: string) => void): void {
  const urlOf = (name: string) => stack.programs().find((program) => program.name === name)?.url ?? null;
  const server = stack.servers.nats.endsWith(`:${NATS_PORT}`) ? '' : `-s ${stack.servers.nats} `;
  const dashboard = urlOf('dashboard');
  const session = stack.session();
  const rows: readonly (readonly [string, string | null])[] = [
    ['session', session === null ? null : `${session} (${sessionText(session, before, clean)})`],
    ['dashboard', dashboard],
    ['NATS', stack.servers.nats],
    ['listen', `nats sub ${server}'l2.>'`],
    ['or', "npx arb tail 'l2.>'"],
    ['look', 'npx arb status'],
    ['stop', 'Ctrl-C here, or npx arb stop'],
  ];
  write('');
  write(`arbitrage-lite runs on paper; everything was up in ${(tookMs / 1000).toFixed(1)} s`);
  for (const [name, value] of rows) if (value !== null) write(`  ${name.padEnd(10)} ${value}`);
  write('');
}

function sessionText(session: string, before: string | null, clean: boolean): string {
  if (session === before) return 'goes on';
  return before === null || clean ? 'new' : `goes on from ${before} with other code or configuration, its state kept`;
}
