import type { Findings } from '../findings.ts';
import { arb } from '../stack/command.ts';
import type { JournalFacts } from './journal.ts';

interface Verified {
  readonly ok: boolean;
  readonly events: number;
  readonly taken: number;
  readonly snapshots: number;
  readonly outputs: Readonly<Record<string, number>>;
  readonly faults: readonly {
    readonly check: string;
    readonly position: number;
    readonly subject: string;
    readonly expected: string;
    readonly found: string;
  }[];
}

/** `arb verify` of every session, oldest first, as a person would run it. */
export async function claimVerified(facts: JournalFacts, home: string, findings: Findings): Promise<void> {
  for (const { id, head, status } of await facts.sessions()) {
    if (head === 0) continue;
    const { code, out, err } = await arb(['verify', id, '--json', '--strict'], { ARB_HOME: home, ARB_POSTGRES_URL: facts.url });
    if (code === null || out.trim() === '') {
      findings.fault(`arb verify ${id} ends with a report; it ended with ${code}: ${err.slice(-500)}`);
      continue;
    }
    const report = JSON.parse(out) as Verified;
    const outputs = Object.values(report.outputs).reduce((sum, count) => sum + count, 0);
    findings.claim(
      report.ok && code === 0,
      `session ${id} (${status}) is verified: ${report.events} events, ${report.taken} taken, ${outputs} outputs derived again, ${report.snapshots} snapshots`,
    );
    for (const fault of report.faults.slice(0, 3))
      findings.fault(`${fault.check} at ${id}:${fault.position} on ${fault.subject}: expected ${fault.expected}, found ${fault.found}`);
  }
}
