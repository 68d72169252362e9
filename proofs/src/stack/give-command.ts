import { randomBytes } from 'node:crypto';
import { CATALOG, encodeEvent, subjectOf } from '@arb/shared/contracts';
import { natsBus } from '@arb/shared/nats';
import type { LiveStack } from './live-stack.ts';

/** A command as the command line's own user gives it. */
export async function giveCommand(stack: LiveStack, session: string, what: string, why: string): Promise<void> {
  const bus = natsBus({ servers: stack.natsUrl, user: 'cli', password: stack.passwordOf('cli'), name: 'proof' });
  const link = await bus.connect();
  const boot = randomBytes(5).toString('hex');
  const header = {
    n: 1,
    source: `cli/${boot}`,
    session,
    type: 'command',
    v: CATALOG.command.v,
    at: Date.now() * 1_000,
    cause: null,
  } as const;
  link.publish(subjectOf('command', what), Buffer.from(encodeEvent(header, { id: boot, by: 'proof', why })));
  await link.close();
}
