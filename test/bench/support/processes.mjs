import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Starts a script of this folder and waits for its first message. */
export async function start(script, { args = [], env = {}, execArgv = [] } = {}) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = fork(path, args, { env: { ...process.env, ...env }, execArgv });
  const failed = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${script} ended with ${code}`)));
  failed.catch(() => {});
  const [message] = await Promise.race([once(child, 'message'), failed]);
  return { message, child };
}

/** Starts a server instead of Criteo, in a separate process. */
export async function startServer(env) {
  const { message: port, child } = await start('server.mjs', { env });
  const origin = `http://127.0.0.1:${port}`;
  return {
    port,
    origin,
    counts: async () => (await fetch(`${origin}/counts`, { headers: { connection: 'close' } })).json(),
    stop: () => child.disconnect(),
  };
}

/** Runs a script of this folder. Returns the message that it sends at its end. */
export async function outcomeOf(script, options) {
  const { message, child } = await start(script, options);
  // Its idle connections would keep the process running.
  child.kill();
  return message;
}
