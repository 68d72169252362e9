/** One thing wrong with a configuration: where, what was found, why it cannot be, and what to do about it. */
export interface Fault {
  readonly path: string;
  readonly value: unknown;
  readonly reason: string;
  readonly remedy: string;
}

const MAX_SHOWN = 80;

/** Keys whose values never leave the process: not in messages, not in the session's first event, not in its hash. */
const SECRET = /(password|passphrase|secret|token|apikey|accesskey|secretkey|privatekey|credential|webhook)s?$/i;

export function isSecret(key: string): boolean {
  return SECRET.test(key.replaceAll('_', '').replace(/file$/i, ''));
}

/** A server address without what may be a password; NATS takes a token in place of the user, so nothing stays of that. */
export function withoutPassword(text: string): string {
  return text
    .replace(/((?:nats|tls):\/\/)[^/\s]*@/g, '$1***@')
    .replace(/(\/\/[^/:@\s]*):[^/\s]*@/g, '$1:***@')
    .replace(/([?&][^=&\s]*(?:password|secret|token)=)[^&\s]*/gi, '$1***');
}

function lastKey(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

export function shown(path: string, value: unknown): string {
  if (value === undefined) return 'nothing';
  if (isSecret(lastKey(path))) return '***';
  const json = JSON.stringify(value, (key, inner: unknown) => {
    if (isSecret(key)) return '***';
    return typeof inner === 'string'
      ? withoutPassword(inner)
      : typeof inner === 'number' && !Number.isFinite(inner)
        ? String(inner)
        : inner;
  });
  return json.length > MAX_SHOWN ? `${json.slice(0, MAX_SHOWN)}…` : json;
}

export function faultLine(fault: Fault): string {
  return `${fault.path}: ${shown(fault.path, fault.value)}, ${fault.reason}, ${fault.remedy}`.replaceAll(/[\r\n]+/g, ' ');
}

/** The configuration cannot be used. Its message has one line for every fault. */
export class ConfigError extends Error {
  readonly faults: readonly Fault[];
  constructor(environment: string, faults: readonly Fault[], options?: ErrorOptions) {
    super([`The configuration of ${environment} cannot be used:`, ...faults.map((fault) => `  ${faultLine(fault)}`)].join('\n'), options);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}
