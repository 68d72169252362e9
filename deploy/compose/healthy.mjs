/** Exit code 0 when the process in this container says that it is ready, else 1 and what it waits for. */
const url = process.argv[2] ?? `http://127.0.0.1:${process.env.ARB_HTTP_PORT ?? '8080'}/readyz`;
const MOST_SHOWN = 500;

try {
  const response = await fetch(url, { signal: AbortSignal.timeout(4_000) });
  const said = await response.text();
  if (!response.ok) fail(`${url} answers ${response.status}: ${said.slice(0, MOST_SHOWN)}`);
} catch (error) {
  fail(`${url} does not answer: ${error.cause?.message ?? error.message}`);
}

function fail(why) {
  console.error(why);
  process.exitCode = 1;
}
