/**
 * Loaded into a service before its own code (`node --import`): tells systemd that it serves, what it waits for, and that its
 * event loop still turns. A loop that hangs says nothing more, and systemd starts the service anew.
 */
import { spawn } from 'node:child_process';
import { get } from 'node:http';

const NOTIFY = '/usr/bin/systemd-notify';
const ASK_EVERY_MS = 500;
const ASK_WITHIN_MS = 5_000;
const MOST_STATUS = 200;
const { NOTIFY_SOCKET, WATCHDOG_USEC, ARB_HTTP_PORT = '8080' } = process.env;

if (NOTIFY_SOCKET !== undefined) watch();

function watch() {
  const everyMs = Number(WATCHDOG_USEC ?? 0) / 1_000 / 3;
  let serves = false;
  let said = '';
  let toldAt = Date.now();
  let asking = false;
  const timer = setInterval(async () => {
    if (asking) return;
    asking = true;
    const { answers, waitsFor } = await state();
    asking = false;
    const words = [];
    if (answers && !serves) words.push('READY=1');
    if (waitsFor !== said) words.push(`STATUS=${waitsFor}`);
    // A third of the time that it has: two words may be lost.
    if (answers && everyMs > 0 && Date.now() - toldAt >= everyMs) words.push('WATCHDOG=1');
    if (words.length === 0) return;
    tell(words);
    said = waitsFor;
    serves ||= answers;
    toldAt = Date.now();
  }, ASK_EVERY_MS);
  timer.unref();
}

/**
 * It counts as started once it serves, not once it is ready: at a handover the journal is ready only after each core has
 * kept its state, and these are started after it. The simulator has only `/healthz`.
 */
async function state() {
  for (const path of ['/readyz', '/healthz'])
    try {
      const { status, text } = await ask(path);
      if (status !== 404) return { answers: true, waitsFor: status === 200 ? 'ready' : text.replaceAll(/[\r\n]+/g, ' ') };
    } catch (error) {
      return { answers: false, waitsFor: `starting: ${error.message}` };
    }
  return { answers: false, waitsFor: 'serves neither /readyz nor /healthz' };
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
