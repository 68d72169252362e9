export const LEVELS = ['error', 'warn', 'info', 'debug', 'trace'] as const;
export type Level = (typeof LEVELS)[number];
export type Say = (level: Level, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** One line of JSON for each message, down to the least important level that is wanted. */
export function sayTo(write: (line: string) => void, least: Level): Say {
  return (level, message, fields = {}) => {
    if (LEVELS.indexOf(level) > LEVELS.indexOf(least)) return;
    write(`${JSON.stringify({ at: new Date().toISOString(), level, service: 'simulator', message, ...fields })}\n`);
  };
}
