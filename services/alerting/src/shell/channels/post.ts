import { ChannelError } from './channel.ts';

const MOST_ANSWER = 64 * 1024;
const LONGEST_WAIT_MS = 3_600_000;

export interface Posted {
  readonly status: number;
  readonly text: string;
}

/**
 * Posts JSON. A refusal, a reset or a silence becomes a `ChannelError` that says the host at most: what `fetch` throws,
 * and what a server answers, may repeat an address that is a secret.
 */
export async function postJson(name: string, url: string, body: unknown, signal: AbortSignal): Promise<Posted> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal,
      redirect: 'error',
    });
    text = await limitedText(response);
  } catch (error) {
    throw new ChannelError(signal.aborted ? `${name} did not answer in time` : `${name} cannot be reached (${codeOf(error)})`);
  }
  if (response.ok) return { status: response.status, text };
  throw refused(name, response, text);
}

function refused(name: string, response: Response, text: string): ChannelError {
  const { status } = response;
  if (status === 429) return new ChannelError(`${name} asks for patience (429)`, { retryAfterMs: retryAfterOf(response, text) });
  if (status >= 500) return new ChannelError(`${name} is in trouble (${status})`);
  const hint = status === 401 || status === 403 || status === 404 ? ': see whether its token or address is still good' : '';
  return new ChannelError(`${name} refuses the message (${status})${hint}`, { final: true });
}

/** Of the header in seconds, or of Telegram's `parameters.retry_after`. */
function retryAfterOf(response: Response, text: string): number | null {
  const header = Number(response.headers.get('retry-after') ?? Number.NaN);
  let seconds = header;
  if (!(seconds >= 0)) {
    try {
      seconds = Number((JSON.parse(text) as { parameters?: { retry_after?: unknown } }).parameters?.retry_after);
    } catch {
      return null; // not JSON: it says no time
    }
  }
  return seconds >= 0 ? Math.min(LONGEST_WAIT_MS, seconds * 1000) : null;
}

async function limitedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += (chunk as Uint8Array).length;
    if (length > MOST_ANSWER) break;
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function codeOf(error: unknown): string {
  const { cause, code } = error as { cause?: { code?: unknown }; code?: unknown };
  const found = cause?.code ?? code;
  return typeof found === 'string' && /^[A-Z0-9_]{1,40}$/.test(found) ? found : 'no connection';
}
