import { parseArgs } from 'node:util';
import { type Command, type Given, UsageError } from './command.ts';
import { nearest } from './nearest.ts';

/** `-1000` is a word, an event so far before the last, and not a handful of short flags. */
const BACK = /^-\d+$/;
const SHIELD = '\u0001';

function unshielded(word: string): string {
  return word.startsWith(SHIELD) ? word.slice(SHIELD.length) : word;
}

/** Of one command's words and flags; refuses what it does not know, with what was probably meant. */
export function parseWords(command: Command, argv: readonly string[]): Given {
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, { type, short }]) => [name, { type, ...(short === undefined ? {} : { short }) }]),
  );
  const args = argv.map((word) => (BACK.test(word) ? SHIELD + word : word));
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true });
  const flags: Record<string, string | boolean> = {};
  const words: string[] = [];
  const lists: Record<string, string[]> = {};
  /** Of the flag that takes what follows. */
  let open: string[] | null = null;
  for (const token of tokens) {
    if (token.kind === 'positional') (open ?? words).push(unshielded(token.value));
    if (token.kind !== 'option') continue;
    open = null;
    const flag = command.flags[token.name];
    if (flag === undefined) throw new UsageError(`arb ${command.name} has no flag ${token.rawName}${meant(token.name, command)}`);
    if (flag.type === 'boolean') {
      if (token.value !== undefined) throw new UsageError(`${token.rawName} takes no value, found "${token.value}"`);
      flags[token.name] = true;
      continue;
    }
    if (token.value === undefined || (token.inlineValue === false && token.value.startsWith('--')))
      throw new UsageError(`${token.rawName} needs a value: ${token.rawName} ${flag.value ?? 'VALUE'}`);
    flags[token.name] = unshielded(token.value);
    if (flag.many !== true) continue;
    open = lists[token.name] ??= [];
    open.push(unshielded(token.value));
  }
  const needed = command.words.filter((word) => word.optional !== true);
  if (words.length < needed.length) throw new UsageError(`arb ${command.name} needs ${needed[words.length]?.name}: ${usageOf(command)}`);
  if (words.length > command.words.length && command.words.at(-1)?.many !== true)
    throw new UsageError(`arb ${command.name} does not know what to do with "${words[command.words.length]}": ${usageOf(command)}`);
  return { flags, words, ...(Object.keys(lists).length > 0 ? { lists } : {}) };
}

export function findCommand(commands: readonly Command[], name: string): Command {
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const names = commands.map((command) => command.name);
  const near = nearest(name, names);
  throw new UsageError(`arb has no command "${name}"${near === null ? `: it has ${names.join(', ')}` : `: did you mean "${near}"?`}`);
}

export function usageOf(command: Command): string {
  const words = command.words.map(({ name, optional, many }) => {
    const shown = many === true ? `${name}…` : name;
    return optional === true ? `[${shown}]` : shown;
  });
  const flags = Object.entries(command.flags).map(
    ([name, flag]) => `[--${name}${flag.type === 'string' ? ` ${flag.value ?? 'VALUE'}${flag.many === true ? '…' : ''}` : ''}]`,
  );
  return ['arb', command.name, ...words, ...flags].join(' ');
}

function meant(name: string, command: Command): string {
  const near = nearest(name, Object.keys(command.flags));
  return near === null ? `: ${usageOf(command)}` : `: did you mean --${near}?`;
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MAX_MS = 24 * 86_400_000;

/** `30s`, `500ms`, `2h`. */
export function parseDuration(flag: string, text: string): number {
  const [, number, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Math.round(Number(number) * (UNITS_MS[unit ?? ''] ?? Number.NaN));
  if (!(ms > 0 && ms <= MAX_MS))
    throw new UsageError(`--${flag} needs a duration such as 30s, 5m or 2h (24 days at most), found "${text}"`);
  return ms;
}

export function parseCount(flag: string, text: string): number {
  const count = Number(text);
  if (!/^\d{1,9}$/.test(text) || count === 0) throw new UsageError(`--${flag} needs a whole number from 1, found "${text}"`);
  return count;
}

export function parseChoice<const C extends string>(flag: string, text: string, choices: readonly C[]): C {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  const near = nearest(text, choices);
  throw new UsageError(`--${flag} is one of ${choices.join(', ')}, found "${text}"${near === null ? '' : `: did you mean "${near}"?`}`);
}
