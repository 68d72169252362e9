import { type Command, EXIT_FAILED, EXIT_GOOD, EXIT_USAGE, type Output, UsageError } from './command.ts';
import { LOADED_ALONE } from './commands/alone.ts';
import { findCommand, parseWords, usageOf } from './parse.ts';

/** Runs one command line and returns its exit code. Never throws. Without `commands` it knows all there are. */
export async function runCommandLine(argv: readonly string[], output: Output, known?: readonly Command[]): Promise<number> {
  try {
    const [name, ...rest] = argv;
    const commands = known ?? (await commandsFor(name));
    if (name === undefined) {
      output.say(help(commands));
      return EXIT_USAGE;
    }
    if (['help', '--help', '-h'].includes(name)) {
      output.out(rest[0] === undefined ? help(commands) : helpOf(findCommand(commands, rest[0])));
      return EXIT_GOOD;
    }
    const command = findCommand(commands, name);
    if (rest.includes('--help') || rest.includes('-h')) {
      output.out(helpOf(command));
      return EXIT_GOOD;
    }
    return await command.run(parseWords(command, rest), output);
  } catch (error) {
    if (error instanceof UsageError) {
      output.say(error.message);
      return EXIT_USAGE;
    }
    output.say(reasonOf(error));
    return EXIT_FAILED;
  }
}

async function commandsFor(name: string | undefined): Promise<readonly Command[]> {
  const alone = name !== undefined && Object.hasOwn(LOADED_ALONE, name) ? LOADED_ALONE[name] : undefined;
  return alone === undefined ? (await import('./commands/index.ts')).COMMANDS : [await alone()];
}

/** The sentence, then what caused it; the stack only where ARB_LOG_LEVEL asks for more. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (['debug', 'trace'].includes(process.env.ARB_LOG_LEVEL ?? '')) return error.stack ?? error.message;
  const { cause } = error;
  return cause instanceof Error && !error.message.includes(cause.message) && cause.name !== 'AbortError' && cause.name !== 'TimeoutError'
    ? `${error.message} (${cause.message})`
    : error.message;
}

function help(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'arb: watch and run arbitrage-lite',
    '',
    ...commands.map((command) => `  arb ${command.name.padEnd(width)}  ${command.says}`),
    '',
    'arb help COMMAND says more. Exit codes: 0 good, 1 failed, 2 not understood.',
  ].join('\n');
}

function helpOf(command: Command): string {
  const rows = Object.entries(command.flags).map(([name, flag]) => [
    `--${name}${flag.type === 'string' ? ` ${flag.value ?? 'VALUE'}` : ''}`,
    flag.says,
  ]);
  const width = Math.max(...rows.map(([left]) => (left as string).length));
  return [usageOf(command), `  ${command.says}`, '', ...rows.map(([left, right]) => `  ${(left as string).padEnd(width)}  ${right}`)].join(
    '\n',
  );
}
