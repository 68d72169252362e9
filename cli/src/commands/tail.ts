import { STREAM_SUBJECTS } from '@arb/shared/contracts';
import { plainOf, wireOf } from '@arb/shared/nats';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type Command, EXIT_GOOD, UsageError } from '../command.ts';
import { parseCount } from '../parse.ts';
import { homeOf } from '../stack/home.ts';
import { lockHolder } from '../stack/lock.ts';
import { HOST } from '../stack/ports.ts';
import { readRun } from '../stack/run-file.ts';

const SUBJECT = /^[^\s.]+(\.[^\s.]+)*$/;

/** `replay` is where a replay is published to. */
const ROOTS = new Set(['replay', ...STREAM_SUBJECTS.map((subject) => subject.replace('.>', ''))]);

export const tail: Command = {
  name: 'tail',
  says: 'shows the events of a subject as they come',
  words: [{ name: "SUBJECT (such as 'l2.>')" }],
  flags: {
    count: { type: 'string', value: 'N', says: 'ends after so many' },
    json: { type: 'boolean', says: 'one object a line, with its subject' },
  },
  async run({ flags, words }, { out }) {
    const subject = subjectOf(words[0] as string);
    const count = typeof flags.count === 'string' ? parseCount('count', flags.count) : Number.POSITIVE_INFINITY;
    const url = addressOfNats();
    // Without a name one is the viewer, who may only listen; where a server has none, one is who the variables say.
    const { ARB_NATS_USER: user, ARB_NATS_PASSWORD: pass } = process.env;
    const named = pass !== undefined && pass !== '';
    // One connection, one life: its end ends the command.
    const connection = await connectTo(url, named ? { user: user || 'cli', pass } : {});
    let interrupted = false;
    const end = (): void => {
      interrupted = true;
      void connection.close();
    };
    process.once('SIGINT', end).once('SIGTERM', end);
    try {
      const text = new TextDecoder();
      let seen = 0;
      for await (const message of connection.subscribe(named ? wireOf(subject) : subject)) {
        const body = text.decode(message.data);
        const plain = plainOf(message.subject);
        out(flags.json === true ? `{"subject":${JSON.stringify(plain)},"event":${body}}` : `${plain} ${body}`);
        if (++seen >= count) return EXIT_GOOD;
      }
      if (interrupted) return EXIT_GOOD;
      throw new Error(`the connection to ${url} has ended`, { cause: (await connection.closed()) ?? undefined });
    } finally {
      process.off('SIGINT', end).off('SIGTERM', end);
      await connection.close();
    }
  },
};

function subjectOf(word: string): string {
  const [root = ''] = word.split('.');
  if (SUBJECT.test(word) && (ROOTS.has(root) || root === '*' || root === '>')) return word;
  if (SUBJECT.test(word)) throw new UsageError(`no event is called ${word}: there are ${STREAM_SUBJECTS.join(', ')}`);
  throw new UsageError(
    `"${word}" is not a subject: words with dots between them, * for one, > for the rest; such as ${STREAM_SUBJECTS[0]}`,
  );
}

function addressOfNats(): string {
  const named = process.env.ARB_NATS_URL;
  if (named !== undefined && named !== '') return named;
  const home = homeOf();
  const port = lockHolder(home) === null ? undefined : readRun(home)?.ports.nats;
  if (port === undefined) throw new Error('not running here: "npm start" starts it, ARB_NATS_URL names another server');
  return `nats://${HOST}:${port}`;
}

async function connectTo(url: string, login: { readonly user?: string; readonly pass?: string }): Promise<NatsConnection> {
  try {
    return await connect({ servers: url.split(','), ...login, reconnect: false, timeout: 5_000, ignoreAuthErrorAbort: false });
  } catch (cause) {
    throw new Error(`no connection to NATS at ${url}`, { cause });
  }
}
