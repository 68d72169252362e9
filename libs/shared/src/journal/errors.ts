/** What went wrong with the journal's database, in one sentence for the person who must act. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
  /** Postgres' or the socket's code, where there is one. */
  readonly code: string | undefined;
  /** Postgres knows the user or the password not: waiting does not help. */
  readonly refused: boolean;

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.code = codeOf(cause);
    this.refused = this.code === '28P01' || this.code === '28000';
  }
}

export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code === 'string') return code;
  // Node.js tries all addresses of a host and gathers what each of them said.
  const gathered = (error as { errors?: unknown } | undefined)?.errors;
  return Array.isArray(gathered) ? codeOf(gathered[0]) : undefined;
}

/** The address as it may be shown: never with the password. */
export function shownAddress(url: string): { readonly server: string; readonly user: string; readonly database: string } {
  try {
    const { hostname, port, username, pathname, searchParams } = new URL(url);
    const host = hostname || searchParams.get('host') || 'localhost';
    return {
      server: `${host}:${port || searchParams.get('port') || '5432'}`,
      user: decodeURIComponent(username) || 'the default user',
      database: decodeURIComponent(pathname.slice(1)) || 'the default database',
    };
  } catch (cause) {
    throw new JournalError(
      'The address of the journal is no URL: expected postgres://user:password@host:port/database; correct the setting.',
      cause,
    );
  }
}

const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOENT', 'EACCES']);

/** `doing` completes the sentence "Postgres … while …". */
export function explain(cause: unknown, url: string, doing: string): JournalError {
  if (cause instanceof JournalError) return cause;
  const { server, user, database } = shownAddress(url);
  const code = codeOf(cause);
  const message = (cause as { message?: unknown } | undefined)?.message;
  const said = typeof message === 'string' && message !== '' ? message : String(code ?? cause);
  const sentence = (what: string) => new JournalError(`${what} (${doing})`, cause);

  if (code !== undefined && UNREACHABLE.has(code))
    return sentence(`Postgres at ${server} cannot be reached (${code}): start it or correct the journal's address.`);
  switch (code) {
    case '28P01':
    case '28000':
      return sentence(`Postgres at ${server} refuses user ${user}: correct user and password in the journal's address. It says: ${said}.`);
    case '3D000':
      return sentence(`Postgres at ${server} has no database ${database}: create it with "createdb -E UTF8 ${database}".`);
    case '42P01':
    case '42883':
      return sentence(`Database ${database} at ${server} lacks the journal's tables: run the migrations. It says: ${said}.`);
    case '42501':
      return sentence(`User ${user} may not do this in database ${database} at ${server}: use the writer's address. It says: ${said}.`);
    case '53100':
      return sentence(`The disk of Postgres at ${server} is full: free space or shorten the retention; nothing of this was written.`);
    case '53300':
      return sentence(`Postgres at ${server} has no connection left: close other clients or raise max_connections.`);
    case '57P01':
    case '57P02':
      return sentence(`Postgres at ${server} is shutting down: the connection is gone; connect again when it is back.`);
    case '57P03':
      return sentence(`Postgres at ${server} is starting up or shutting down: try again in a moment. It says: ${said}.`);
    case 'JL001':
    case 'JL002':
    case '23505':
      return sentence(`Nothing was written to ${database} at ${server}: ${said}. Read the last seal again before writing on.`);
    default:
      return sentence(`Postgres at ${server}, database ${database}, failed: ${said}.`);
  }
}
