/**
 * With these words a process may end itself and be started again. Everything else that leaves a process as an exception
 * is an invariant that broke, and fails the run.
 */
const EXPECTED: readonly RegExp[] = [
  // Its own queue is full: the journal is the faster way.
  /inputs wait behind \d+ unconfirmed outputs/,
  /another journal process has taken over this session/,
  // The journal's process starts over when the outside refuses a step of a session's life.
  /cannot connect to the bus/,
  /no answer from the bus within/,
  /the connection is closed$/,
  /: (closed by this side|connection reset|the server closed the connection|stale connection)$/,
  /the connection to the database (is closed|was lost|was closed)/,
  /: the connection was closed by this side$/,
  /the database (does not accept statements|is starting up)/,
  /the snapshots cannot be reached/,
  /this connection does not hold the lock of the only writer/,
  /stream SESSION_\S+ (not found|does not take)/,
  /subjects .* overlap with those of stream/,
  /no stream takes/,
  // Read behind the present writer, which has trimmed the stream. Were a position really missing, no start would get past it.
  /the stream \S+ goes on at \d+, but \d+ is not journaled yet/,
  // Somebody's late word came first: the next start removes what has not begun.
  /session\.started got position \d+ in/,
];

export function isExpectedEnd(error: Error): boolean {
  return EXPECTED.some((words) => words.test(error.message));
}
