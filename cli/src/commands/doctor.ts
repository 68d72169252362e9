import { type Command, EXIT_FAILED, EXIT_GOOD, JSON_FLAG } from '../command.ts';
import { homeOf } from '../stack/home.ts';
import { checkUp } from './check-up.ts';

export const doctor: Command = {
  name: 'doctor',
  says: 'checks what the stack needs, and says what to do about what is missing',
  words: [],
  flags: JSON_FLAG,
  async run({ flags }, { out }) {
    const findings = await checkUp(homeOf());
    const good = findings.every(({ ok }) => ok);
    if (flags.json === true) out(JSON.stringify({ ok: good, findings }));
    else
      for (const { name, ok, found, remedy } of findings)
        out(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(14)} ${found}${ok || remedy === null ? '' : `\n        → ${remedy}`}`);
    return good ? EXIT_GOOD : EXIT_FAILED;
  },
};
