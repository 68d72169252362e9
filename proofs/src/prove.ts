import { parseArgs } from 'node:util';
import { PROOFS } from './catalogue.ts';

const USAGE = 'npm run prove -- NAME [--seed N] [--seconds S]';
const EXIT_USAGE = 2;
const MOST_SECONDS = 600;

process.exitCode = await main();

async function main(): Promise<number> {
  let asked: ReturnType<typeof asks>;
  try {
    asked = asks();
  } catch (error) {
    complain((error as Error).message);
    return EXIT_USAGE;
  }
  const { positionals, values } = asked;
  const [name] = positionals;
  if (name === undefined) {
    for (const { name, says, usualSeconds } of PROOFS) say(`${name.padEnd(18)} ${says} (${usualSeconds} s)`);
    say(`\n${USAGE}`);
    return 0;
  }
  const proof = PROOFS.find((known) => known.name === name);
  if (proof === undefined) {
    complain(`expected the name of a proof (${PROOFS.map((known) => known.name).join(', ')}), found ${name}`);
    return EXIT_USAGE;
  }
  const seconds = values.seconds === undefined ? proof.usualSeconds : Number(values.seconds);
  if (!(seconds >= 1 && seconds <= MOST_SECONDS)) {
    complain(`expected --seconds from 1 to ${MOST_SECONDS}, found ${values.seconds}`);
    return EXIT_USAGE;
  }
  const seed = values.seed ?? '1';
  say(`${proof.name}, seed ${seed}: ${proof.says}`);
  const { ok, nothing } = await proof.run({ seconds, seed, out: (line) => say(`  ${line}`) }).catch((error: Error) => {
    say(`  DOES NOT HOLD: it runs to its end: ${error.message}`);
    return { ok: false, nothing: false };
  });
  say(
    nothing === true
      ? `nothing was proved: ${proof.name}`
      : ok
        ? `proved: ${proof.name}`
        : `NOT proved: ${proof.name}; again: npm run prove -- ${proof.name} --seed ${seed} --seconds ${seconds}`,
  );
  return ok ? 0 : 1;
}

function asks() {
  return parseArgs({ allowPositionals: true, options: { seed: { type: 'string' }, seconds: { type: 'string' } } });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function complain(line: string): void {
  process.stderr.write(`${line}\n${USAGE}\n`);
}
