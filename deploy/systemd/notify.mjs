/**
 * Loaded into a service before its own code (`node --import`): tells systemd that it is ready, what it waits for until then, and that
 * its event loop still turns. A loop that hangs says nothing more, and systemd starts the service anew.
 */
import { spawn } from 'node:child_process';
import { get } from 'node:http';

const NOTIFY = '/usr/bin/systemd-notify';
const ASK_EVERY_MS = 500;
const ASK_WITHIN_MS = 5_000;
/** As long as it lives it may take its time to catch up: each word prolongs the start by this. */
const MORE_TIME_US = 60_000_000;
const MOST_STATUS = 200;
const { NOTIFY_SOCKET, WATCHDOG_USEC, ARB_HTTP_PORT = '8080' } = process.env;

if (NOTIFY_SOCKET !== undefined) watch();

function watch() {
  const watchdogMs = Number(WATCHDOG_USEC ?? 0) / 1_000;
  let ready = false;
  let said = '';
  let toldAt = Date.now();
  let asking = false;
  const timer = setInterval(async () => {
    if (asking) return;
    asking = true;
    const waitsFor = await unready();
    asking = false;
    const now = Date.now();
    const status = (waitsFor ?? 'ready').slice(0, MOST_STATUS);
    const words = status === said ? [] : [`STATUS=${status}`];
    if (waitsFor === null && !ready) words.push('READY=1');
    // A third of the time that it has: two words may be lost.
    if (now - toldAt >= (watchdogMs || MORE_TIME_US / 1_000) / 3) words.push(ready ? 'WATCHDOG=1' : `EXTEND_TIMEOUT_USEC=${MORE_TIME_US}`);
    if (words.length === 0) return;
    tell(words);
    said = status;
    ready ||= waitsFor === null;
    toldAt = now;
  }, ASK_EVERY_MS);
  timer.unref();
}

/** Null when it is ready, else what it says. The simulator has only `/healthz`. */
async function unready() {
  for (const path of ['/readyz', '/healthz'])
    try {
      const { status, text } = await ask(path);
      if (status !== 404) return status === 200 ? null : text.replaceAll(/[\r\n]+/g, ' ');
    } catch (error) {
      return `starting: ${error.message}`;
    }
  return 'serves neither /readyz nor /healthz';
}

/** A connection for each question: one that stayed open would keep a service that ends from closing its server. */
function ask(path) {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port: ARB_HTTP_PORT, path, agent: false, timeout: ASK_WITHIN_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text = (text + chunk).slice(0, MOST_STATUS);
      });
      response.on('end', () => resolve({ status: response.statusCode, text })).on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${ASK_WITHIN_MS} ms`))).on('error', reject);
  });
}

/** Nothing of it keeps a service that ends from ending. */
function tell(words) {
  const failed = (why) => console.error(`notify: ${NOTIFY} ${words.join(' ')} failed: ${why}`);
  const child = spawn(NOTIFY, words, { stdio: 'ignore' });
  child.on('error', (error) => failed(error.message)).on('exit', (code) => code === 0 || failed(`exit code ${code}`));
  child.unref();
}
