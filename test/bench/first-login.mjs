// Measures how long it takes from a clone of this repository to a signed-in page of the example.
//
//   node test/bench/first-login.mjs [repository]
//
// The packages are installed twice, and only the second time counts: then npm has them in its cache, so the speed of the
// network does not matter.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const repository = process.argv[2] ?? resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'first-login-'));
const clone = join(folder, 'clone');
const npm = (...args) => execFileSync('npm', args, { cwd: clone, stdio: 'ignore' });

const steps = [];
async function step(name, work) {
  const started = performance.now();
  const result = await work();
  steps.push({ step: name, seconds: Math.round((performance.now() - started) / 100) / 10 });
  return result;
}

/** Starts the example. Returns a promise of its address and of a function that stops it. */
async function start() {
  const child = spawn('npm', ['start'], { cwd: clone, env: { ...process.env, PORT: '0' }, detached: true });
  const stop = async () => {
    process.kill(-child.pid, 'SIGTERM');
    await once(child, 'close');
  };
  let output = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    output += chunk;
    const home = /Open (http:\S+)/.exec(output)?.[1];
    if (home) return { home, stop };
  }
  throw new Error(`The example ended:\n${output}`);
}

/** Signs in like a browser: goes to Criteo, selects all advertisers, approves, and returns. */
async function signIn(home) {
  let cookie = '';
  const open = async (url, init) => {
    const response = await fetch(url, { redirect: 'manual', ...init, headers: { cookie } });
    for (const line of response.headers.getSetCookie()) cookie = line.split(';')[0];
    return response;
  };
  const consentPage = (await open(`${home}/criteo-auth`)).headers.get('location');
  const markup = await (await fetch(consentPage)).text();
  const form = new URLSearchParams({ decision: 'approve' });
  for (const [, name, value] of markup.matchAll(/<input[^>]* name="([^"]+)" value="([^"]*)"/g))
    form.append(name, value);
  const decided = await fetch(new URL('/request', consentPage), { method: 'POST', redirect: 'manual', body: form });
  const { headers } = await open(decided.headers.get('location'));
  const page = await open(new URL(headers.get('location'), home));
  const body = await page.text();
  if (page.status !== 200 || !body.includes('Signed in as'))
    throw new Error(`Not signed in (${page.status}):\n${body}`);
}

try {
  await step('git clone', () => execFileSync('git', ['clone', '--quiet', '--depth', '1', repository, clone]));
  npm('ci');
  rmSync(join(clone, 'node_modules'), { recursive: true });
  await step('npm ci, packages in the cache', () => npm('ci', '--prefer-offline'));
  const { home, stop } = await step('npm start, until it listens', start);
  await step('login, until the dashboard is there', () => signIn(home));
  const total = steps.reduce((sum, { seconds }) => sum + seconds, 0);
  steps.push({ step: 'total', seconds: Math.round(total * 10) / 10 });
  console.table(steps);
  await stop();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
