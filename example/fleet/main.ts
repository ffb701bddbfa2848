// npm run fleet: a fleet on this machine. WORKERS processes, restarted when they end; a night starts at once.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetConnections } from './connections';
import { FleetDatabase } from './database';
import { readFleetSettings } from './settings';
import { drawStatus, readStatus } from './status';
import { startTrial } from './trial';

async function main(): Promise<void> {
  const { env, customers, sandbox, close } = await startTrial(process.env, Number(process.env['CUSTOMERS'] ?? 300));
  const settings = readFleetSettings(env);
  const { redisURL, databaseURL, callsPerMinute } = settings;
  console.log(
    `REDIS_URL=${redisURL}\nDATABASE_URL=${databaseURL}\n${sandbox ? `The sandbox is at ${sandbox.url}\n` : ''}`,
  );

  const database = new FleetDatabase(databaseURL);
  await database.prepare();
  const connections = new FleetConnections(database, settings);
  for (const { key, tokens, accounts } of customers) await connections.connect(key, tokens, accounts);
  await database.startNight();

  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  const workers = Array.from({ length: Number(process.env['WORKERS'] ?? 2) }, () => keepRunning(env, stop.signal));
  while (!stop.signal.aborted) {
    await sleep(5_000, undefined, { signal: stop.signal }).catch(() => {});
    console.log(drawStatus(await readStatus(redisURL, databaseURL, callsPerMinute)));
  }
  await Promise.all(workers);
  await connections.close();
  await database.close();
  await close();
}

/** Runs a worker, and another one when it ends, until the signal. */
async function keepRunning(env: Record<string, string | undefined>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const worker: ChildProcess = fork(join(__dirname, 'worker'), { env, execArgv: process.execArgv });
    const end = () => worker.kill('SIGTERM');
    signal.addEventListener('abort', end);
    const [code] = await once(worker, 'exit');
    signal.removeEventListener('abort', end);
    if (!signal.aborted) {
      console.error(`A worker ended (${code}); another one starts`);
      await sleep(1_000);
    }
  }
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
