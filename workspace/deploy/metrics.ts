import { collectDefaultMetrics, Registry } from 'prom-client';
import { readText } from '../packages.ts';

/** Where hosted services say which numbers they show. */
const NUMBERS = [
  'libs/shared/src/hosting/run-service.ts',
  'libs/shared/src/hosting/host-shadow.ts',
  'services/journal/src/host-journal.ts',
];

/** Every metric that a service's `/metrics` can show, as the code has it now. */
export function metricNames(): ReadonlySet<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const usual = registry.getMetricsAsArray().flatMap(({ name, type }) =>
    // A histogram is asked for by its parts.
    String(type) === 'histogram' ? [`${name}_sum`, `${name}_count`, `${name}_bucket`] : [name],
  );
  const own = NUMBERS.flatMap((file) => {
    const body = /numbers(?:: |\(\))[\s\S]*?\n {4,8}\}(?:,|;)?\n {2,6}\};?/.exec(readText(file))?.[0] ?? '';
    return [...body.matchAll(/^\s+([a-z][a-z_]*):/gm)].map(([, name]) => `arb_${name}`);
  });
  return new Set([...usual, ...own]);
}

const FUNCTIONS = /^(sum|max|min|avg|rate|increase|changes|by|on|without|unless|humanizePercentage|humanize1024)$/;

/** The metrics that a PromQL expression asks for. */
export function metricsIn(expression: string): readonly string[] {
  const bare = expression.replaceAll(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"|\b(by|without|on)\s*\([^)]*\)/g, ' ');
  return (bare.match(/[a-z_][a-z0-9_]*/g) ?? []).filter((word) => !FUNCTIONS.test(word));
}
