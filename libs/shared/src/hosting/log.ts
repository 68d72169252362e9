import type { Log } from '../runtime/index.ts';

const ORDER = ['error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof ORDER)[number];

/** One JSON object a line, to standard output: whoever runs the process decides where it goes. */
export function jsonLog(service: string, level: LogLevel, write: (line: string) => void = (line) => void process.stdout.write(line)): Log {
  const most = ORDER.indexOf(level);
  return (at, message, fields) => {
    if (ORDER.indexOf(at) > most) return;
    write(`${JSON.stringify({ time: new Date().toISOString(), level: at, service, message, ...fields })}\n`);
  };
}
