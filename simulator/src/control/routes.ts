import { type HttpAnswer, type HttpRequest, json } from '../server/venue.ts';
import type { Board } from './board.ts';
import { KINDS } from './kinds.ts';
import { FaultError } from './read-fault.ts';

const ROOT = '/control/faults';
const HERE = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** Commands from this machine, and from no web page that happens to be open on it. Null: not a command. */
export function controlRoute(board: Board, { method, path, headers, ip }: HttpRequest, body: string): HttpAnswer | null {
  if (path !== ROOT && !path.startsWith(`${ROOT}/`)) return null;
  if (!HERE.has(ip) || headers.origin !== undefined)
    return json(403, { error: 'faults are only commanded from the machine itself, and not by a browser' });
  const id = path === ROOT ? null : Number(path.slice(ROOT.length + 1));
  if (id !== null && !Number.isSafeInteger(id)) return json(404, { error: `expected ${ROOT}/<number of a fault>, found ${path}` });
  if (method === 'GET') {
    const faults = board.list().filter((fault) => id === null || fault.id === id);
    return id !== null && faults.length === 0 ? unknown(id) : json(200, { faults, kinds: KINDS });
  }
  if (method === 'DELETE') {
    const ended = board.end(id);
    return id !== null && ended === 0 ? unknown(id) : json(200, { ended });
  }
  if (method !== 'POST' || id !== null)
    return json(405, { error: `expected GET, POST or DELETE ${ROOT}, or DELETE ${ROOT}/<number>, found ${method} ${path}` });
  if (!/^application\/json\b/.test(headers['content-type'] ?? '')) return json(415, { error: 'expected content-type: application/json' });
  try {
    return json(201, { faults: board.post(JSON.parse(body)) });
  } catch (error) {
    if (error instanceof FaultError) return json(400, { error: error.message });
    if (error instanceof SyntaxError) return json(400, { error: `expected a fault as JSON, or a list of them: ${error.message}` });
    throw error;
  }
}

function unknown(id: number): HttpAnswer {
  return json(404, { error: `there is no fault ${id} now: GET ${ROOT} lists them` });
}
