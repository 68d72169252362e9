/**
 * Exit code 0 when all that is asked says that it is ready, else 1 and what is waited for. Without arguments it asks the
 * process of its own container.
 */
const MOST_SHOWN = 500;
const asked = process.argv.slice(2);
const urls = asked.length > 0 ? asked : [`http://127.0.0.1:${process.env.ARB_HTTP_PORT ?? '8080'}/readyz`];

for (const fault of (await Promise.all(urls.map(faultOf))).filter((found) => found !== null)) {
  console.error(fault);
  process.exitCode = 1;
}

async function faultOf(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(4_000) });
    const said = await response.text();
    return response.ok ? null : `${url} answers ${response.status}: ${said.slice(0, MOST_SHOWN)}`;
  } catch (error) {
    return `${url} does not answer: ${error.cause?.message ?? error.message}`;
  }
}
