/**
 * Looks at a running stack from this machine, without credentials and without any package:
 *   node deploy/compose/look.mjs [nats port] [dashboard port]
 * The merged books come as plain JSON, publishing is refused, the page is there. Exit code 0 when all of it holds.
 */
import { connect } from 'node:net';

const [natsPort = '4222', dashboardPort = '8080'] = process.argv.slice(2);
const HOST = '127.0.0.1';
const WANTED = 20;
const WITHIN_MS = 30_000;
const MOST_BYTES = 4 * 1024 * 1024;

let failed = false;
await look(`${WANTED} events on l2.>, each plain JSON of its own subject`, books);
await look('publishing without credentials is refused', refusal);
await look('the page is served', page);
process.exitCode = failed ? 1 : 0;

async function look(what, how) {
  try {
    console.log(`  good    ${what}: ${await how()}`);
  } catch (error) {
    failed = true;
    console.log(`  FAILED  ${what}: ${error.message}`);
  }
}

function books() {
  const coins = new Set();
  let seen = 0;
  return talk('SUB l2.> 1\r\nPING\r\n', (line, payload) => {
    if (line.startsWith('-ERR')) throw new Error(line);
    if (payload === null) return null;
    const event = JSON.parse(payload);
    const subject = line.split(' ')[1];
    if (event.source !== 'aggregator' || subject !== `l2.${subject.slice(3)}` || typeof event.data !== 'object')
      throw new Error(`expected an l2 event of the aggregator, found ${payload.slice(0, 200)}`);
    coins.add(subject.slice(3));
    return ++seen < WANTED ? null : `session ${event.session}, ${coins.size} coins (${[...coins].join(' ')})`;
  });
}

function refusal() {
  return talk('PUB l2.BTC 2\r\n{}\r\nPING\r\n', (line) => {
    if (line.startsWith("-ERR 'Permissions Violation for Publish")) return line;
    if (line === 'PONG') throw new Error('the server took it');
    return null;
  });
}

async function page() {
  const response = await fetch(`http://${HOST}:${dashboardPort}/`, { signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  if (!response.ok || !/<html/i.test(text)) throw new Error(`expected a page, found ${response.status}: ${text.slice(0, 80)}`);
  return `${text.length} characters`;
}

/** Speaks NATS' text protocol until `take` has an answer; it gets each line, and a message's payload with it. */
function talk(said, take) {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(natsPort), HOST);
    const timer = setTimeout(() => end(new Error(`nothing of the kind within ${WITHIN_MS / 1000} s`)), WITHIN_MS);
    let rest = Buffer.alloc(0);
    const end = (error, answer) => {
      clearTimeout(timer);
      socket.destroy();
      if (error) reject(error);
      else resolve(answer);
    };
    socket.on('error', (error) => end(new Error(`no connection to ${HOST}:${natsPort}: ${error.message}`)));
    socket.on('close', () => end(new Error('the server closed the connection')));
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      try {
        for (let at = rest.indexOf('\r\n'); at >= 0; at = rest.indexOf('\r\n')) {
          const line = rest.toString('utf8', 0, at);
          const size = line.startsWith('MSG ') ? Number(line.split(' ').at(-1)) : null;
          if (size !== null && rest.length < at + 4 + size) break;
          const payload = size === null ? null : rest.toString('utf8', at + 2, at + 2 + size);
          rest = rest.subarray(at + 2 + (size === null ? 0 : size + 2));
          if (line.startsWith('INFO ')) socket.write(`CONNECT {"verbose":false,"headers":false,"name":"look"}\r\n${said}`);
          else if (line === 'PING') socket.write('PONG\r\n');
          const answer = take(line, payload);
          if (answer !== null) return end(null, answer);
        }
        if (rest.length > MOST_BYTES) throw new Error(`a message of more than ${MOST_BYTES} bytes`);
      } catch (error) {
        end(error);
      }
    });
  });
}
