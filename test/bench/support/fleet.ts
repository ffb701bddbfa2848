// Measures the fleet of example/fleet beside the same work without a TokenSource, and how a call's cost grows with the
// number of connections. Sends the rows of the table.
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredTokenSet } from 'passport-criteo';
import { livingWorkers } from '../../../example/fleet/activity';
import { FleetConnections } from '../../../example/fleet/connections';
import { FleetDatabase } from '../../../example/fleet/database';
import { connectRedis, Planner } from '../../../example/fleet/queue';
import { startPostgres, startRedis } from '../../../example/fleet/servers';
import { type FleetSettings, readFleetSettings } from '../../../example/fleet/settings';
import { encrypted, type SealedTokens } from '../../../example/tokens/encrypted';

const CONNECTIONS = Number(process.env['FLEET_CONNECTIONS'] ?? 10_000);
const ROUNDS = Number(process.env['FLEET_ROUNDS'] ?? 2);
const PROCESSES = (process.env['FLEET_PROCESSES'] ?? '1,2,4').split(',').map(Number);
const LARGEST = Number(process.env['FLEET_ROWS'] ?? 1_000_000);
const calls = ['/2026-07/marketing-solutions/me', '/2026-07/advertisers/me', '/2026-01/advertisers/me'];
const workers = {
  fleet: join(__dirname, '../../../example/fleet/worker.ts'),
  floor: join(__dirname, 'floor-worker.ts'),
};
// Milliseconds since the tokens were issued: an hour ago, so that each is refreshed, or just now.
const AGE = { due: 3_600_000, fresh: 0 };

type Kind = 'floor' | 'all due' | 'none due';

interface Run {
  seconds: number;
  /** Milliseconds of processor time for each call: workers, Redis, PostgreSQL and the API's stand-in, after their start. */
  cpu: number;
  calls: number;
  refreshes: number;
  refreshed: number;
  statements: number;
  memory: number;
}

class Bench {
  readonly #database: FleetDatabase;
  readonly #redis: ReturnType<typeof connectRedis>;

  constructor(
    readonly env: Record<string, string>,
    readonly settings: FleetSettings,
  ) {
    this.#database = new FleetDatabase(settings.databaseURL);
    this.#redis = connectRedis(settings.redisURL);
  }

  /** One night. With `killed`, a process is killed half-way, and another one started. */
  async night(kind: Kind, processes: number, killed = false): Promise<Run> {
    await this.#redis.flushall();
    await this.#database.prepare();
    await fill(this.#database, this.settings, CONNECTIONS, kind === 'all due' ? AGE.due : AGE.fresh);
    await this.#database.startNight();
    const planner = new Planner(this.#redis, this.#database, this.settings);
    await planner.offer();
    await this.counts();
    const before = await this.#statements();
    const file = workers[kind === 'floor' ? 'floor' : 'fleet'];
    const start = (): ChildProcess =>
      fork(file, { env: { ...process.env, ...this.env }, execArgv: ['--require', 'tsx/cjs'] });
    const running = Array.from({ length: processes }, start);
    await Promise.all(running.map((worker) => once(worker, 'message')));
    const idle = processorTime();
    let memory = 0;
    let isToKill = killed;
    for (let done = 0; done < CONNECTIONS; await sleep(200)) {
      const { rows } = await this.#database.pool.query('SELECT count(*)::int AS done FROM fleet_runs');
      done = rows[0].done;
      for (const worker of await livingWorkers(this.#redis)) memory = Math.max(memory, worker.memory);
      if (isToKill && done > CONNECTIONS / 2) {
        isToKill = false;
        running[0]?.kill('SIGKILL');
        running.push(start());
      }
    }
    const { took, ...counts } = await this.counts();
    const cpu = (processorTime() - idle) / counts.calls;
    for (const worker of running) worker.kill('SIGKILL');
    await planner.close();
    return { seconds: took / 1000, cpu, ...counts, statements: (await this.#statements()) - before, memory };
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
    await this.#database.close();
  }

  async counts(): Promise<Pick<Run, 'calls' | 'refreshes' | 'refreshed'> & { took: number }> {
    const url = `${this.settings.criteo.apiURL}/counts`;
    const response = await fetch(url, { headers: { connection: 'close' } });
    return (await response.json()) as Awaited<ReturnType<Bench['counts']>>;
  }

  /** Each statement of the fleet is a transaction. */
  async #statements(): Promise<number> {
    // The server notes its statistics once a second.
    await sleep(2_000);
    const { rows } = await this.#database.pool.query(
      "SELECT xact_commit::int AS count FROM pg_stat_database WHERE datname = 'postgres'",
    );
    return rows[0].count;
  }
}

/** Returns the milliseconds of processor time that this process's children have used, with theirs: all but this one. */
function processorTime(): number {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const fields = text
          .slice(text.lastIndexOf(') ') + 2)
          .split(' ')
          .map(Number);
        // See proc(5): the parent, then time in user and kernel mode, and that of children that have ended; in hundredths.
        const time = [11, 12, 13, 14].reduce((sum, at) => sum + (fields[at] ?? 0) * 10, 0);
        return [{ pid: Number(pid), parent: fields[1], time }];
      } catch {
        return []; // it has ended
      }
    });
  const sumOf = (parent: number): number =>
    all.filter((each) => each.parent === parent).reduce((sum, { pid, time }) => sum + time + sumOf(pid), 0);
  return sumOf(process.pid);
}

/** Returns the tokens of some connections as they are stored. */
async function sealedTokens({ tokenKeys, criteo }: FleetSettings, keys: string[], age: number): Promise<string[]> {
  const sealed: string[] = [];
  const set = (_: string, tokens: SealedTokens) => sealed.push(JSON.stringify(tokens));
  const store = encrypted({ get: () => undefined, delete: () => true, set }, tokenKeys);
  const obtainedAt = Date.now() - age;
  for (const key of keys) {
    const tokens = { accessToken: `access-${key}`, refreshToken: `refresh-${key}`, tokenType: 'Bearer' as const };
    const times = { obtainedAt, expiresAt: obtainedAt + 900_000, connectedAt: obtainedAt };
    const version = randomBytes(12).toString('base64url');
    await store.set(key, { ...tokens, ...times, clientID: criteo.clientID, version } satisfies StoredTokenSet);
  }
  return sealed;
}

/** Fills the tables with connections. */
async function fill({ pool }: FleetDatabase, settings: FleetSettings, count: number, age: number): Promise<void> {
  await pool.query(
    'TRUNCATE criteo_tokens, fleet_connections, fleet_nights, fleet_results, fleet_runs, fleet_messages',
  );
  const keys = Array.from({ length: count }, (_, index) => `user-${index}`);
  const sealed = await sealedTokens(settings, keys, age);
  await pool.query('INSERT INTO criteo_tokens SELECT unnest($1::text[]), unnest($2::jsonb[])', [keys, sealed]);
  await pool.query(
    "INSERT INTO fleet_connections (key, refresh_until) SELECT key, now() + interval '150 days' FROM criteo_tokens",
  );
  await pool.query('ANALYZE');
}

/** Nights with 1, 2 and 4 processes, of each kind, in turn. */
async function throughput(bench: Bench): Promise<object[]> {
  const { median, ratio } = await import('./race.mjs');
  const runs = new Map<string, Run[]>();
  const kinds: Kind[] = ['floor', 'none due', 'all due'];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const processes of PROCESSES) {
      for (const kind of round % 2 === 0 ? kinds : [...kinds].reverse()) {
        const run = await bench.night(kind, processes);
        console.error(`  ${kind}, ${processes}: ${JSON.stringify(run)}`);
        const name = `${kind} ${processes}`;
        runs.set(name, [...(runs.get(name) ?? []), run]);
      }
    }
  }
  const of = (kind: Kind, processes: number) => runs.get(`${kind} ${processes}`) ?? [];
  const seconds = (all: Run[]): number[] => all.map((run) => run.seconds);
  const cpu = (all: Run[]): number[] => all.map((run) => run.cpu);
  const perCall = ([run]: Run[]): string => (run ? (run.statements / run.calls).toFixed(2) : '');
  const rows: object[] = [];
  for (const processes of PROCESSES) {
    const floor = of('floor', processes);
    for (const kind of ['none due', 'all due'] as const) {
      const ours = of(kind, processes);
      const rate = Math.round((CONNECTIONS * calls.length) / median(seconds(ours)));
      const memory = Math.max(...ours.map((run) => run.memory));
      const what = `fleet, ${CONNECTIONS.toLocaleString('en')} × 3 calls, ${kind}, processes: ${processes}`;
      rows.push({
        what,
        ours: [
          `${median(seconds(ours)).toFixed(1)} s, ${rate} calls/s`,
          `refreshes: ${ours.map((run) => run.refreshes).join(' and ')}`,
          `${perCall(ours)} statements/call, ${memory} MB/process`,
        ].join('; '),
        beside: 'bare fetch, fixed token',
        theirs: `${median(seconds(floor)).toFixed(1)} s; ${perCall(floor)} statements/call`,
        ...ratio(seconds(ours), seconds(floor)),
        aim: 1.3,
      });
      // Less noisy on a machine that others use too.
      rows.push({
        what: `${what}: processor time of a call, all servers included`,
        ours: `${median(cpu(ours)).toFixed(2)} ms`,
        beside: 'bare fetch, fixed token',
        theirs: `${median(cpu(floor)).toFixed(2)} ms`,
        ...ratio(cpu(ours), cpu(floor)),
        aim: 1.3,
      });
    }
  }
  const killed = await bench.night('all due', 2, true);
  console.error(`  killed: ${JSON.stringify(killed)}`);
  rows.push({
    what: 'fleet, all due, one of 2 processes killed half-way and replaced',
    ours: `${killed.seconds.toFixed(1)} s, ${killed.calls} calls, ${killed.refreshes} refreshes`,
    beside: 'undisturbed',
    theirs: `${median(seconds(of('all due', 2))).toFixed(1)} s`,
  });
  return rows.map(({ value, ...row }: { value?: number }) => (value === undefined ? row : { ...row, ratio: value }));
}

/** A call among more and more connections. Generated rows; a thousand of them, spread evenly, are called. */
async function growth(settings: FleetSettings): Promise<object[]> {
  const { median, race, ratio } = await import('./race.mjs');
  const sizes = [100, 10_000, LARGEST];
  const admin = new FleetDatabase(settings.databaseURL);
  const opened: { database: FleetDatabase; connections: FleetConnections }[] = [];
  const cases: Record<string, () => Promise<unknown>> = {};
  for (const size of sizes) {
    await admin.pool.query(`CREATE DATABASE fleet_${size}`);
    const own = { ...settings, databaseURL: settings.databaseURL.replace(/postgres$/, `fleet_${size}`) };
    const database = new FleetDatabase(own.databaseURL);
    const connections = new FleetConnections(database, own);
    opened.push({ database, connections });
    await database.prepare();
    const called = Math.min(size, 1000);
    const keys = Array.from({ length: called }, (_, index) => `user-${Math.floor((index * size) / called)}`);
    await generate(database, size, keys, await sealedTokens(own, keys, AGE.fresh));
    cases[size] = async () => {
      const key = keys[Math.floor(Math.random() * keys.length)];
      return (await connections.tokens.fetch(key, calls[0] ?? '')).text();
    };
  }
  const times: Record<string, number[]> = await race(cases, { calls: 200, rounds: 25 });
  for (const { database, connections } of opened) {
    await connections.close();
    await database.close();
  }
  await admin.close();
  const of = (size: number): number[] => times[size] ?? [];
  return sizes.slice(1).map((size) => {
    const { value, spread } = ratio(of(size), of(100));
    return {
      what: `a call, ${size.toLocaleString('en')} rows in the table of tokens to 100`,
      ours: `${median(of(size)).toFixed(0)} µs, ${median(of(100)).toFixed(0)} µs`,
      ...{ ratio: value, spread, aim: 1.25, aimText: 'flat' },
    };
  });
}

async function generate({ pool }: FleetDatabase, size: number, keys: string[], sealed: string[]): Promise<void> {
  const long = { query_timeout: 600_000 };
  const rows = "INSERT INTO criteo_tokens SELECT 'user-' || n, $1::jsonb FROM generate_series(0, $2::int - 1) AS n";
  await pool.query({ text: rows, values: [sealed[0], size], ...long });
  await pool.query(
    `UPDATE criteo_tokens t SET tokens = fresh.tokens
      FROM (SELECT unnest($1::text[]) AS key, unnest($2::jsonb[]) AS tokens) fresh WHERE t.key = fresh.key`,
    [keys, sealed],
  );
  await pool.query({ text: 'VACUUM ANALYZE criteo_tokens', ...long });
}

async function main(): Promise<void> {
  const [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
  const api = fork(join(__dirname, 'fleet-api.mjs'), { execArgv: [] });
  const [port] = await once(api, 'message');
  const env = {
    REDIS_URL: redis.url,
    DATABASE_URL: postgres.url,
    TOKEN_KEYS: randomBytes(32).toString('base64'),
    CRITEO_CLIENT_ID: 'client-1',
    CRITEO_CLIENT_SECRET: 'secret-1',
    CRITEO_API_URL: `http://127.0.0.1:${port}`,
    CALLS: calls.join(),
    // So high that it does not bind.
    CALLS_PER_MINUTE: String(61_000_000),
  };
  const bench = new Bench(env, readFleetSettings(env));
  const rows = process.env['FLEET_GROWTH_ONLY'] ? [] : await throughput(bench);
  rows.push(...(await growth(bench.settings)));
  await bench.close();
  api.disconnect();
  await Promise.all([redis.stop(), postgres.stop()]);
  process.send?.(rows);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
