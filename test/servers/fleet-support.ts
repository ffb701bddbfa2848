import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { TokenSet } from 'passport-criteo';
import { createSandbox, type Sandbox, type SandboxRequest } from 'passport-criteo/sandbox';
import { FleetConnections } from '../../example/fleet/connections';
import { FleetDatabase } from '../../example/fleet/database';
import { connectRedis } from '../../example/fleet/queue';
import { type LocalServer, startPostgres, startRedis } from '../../example/fleet/servers';
import { type FleetSettings, readFleetSettings } from '../../example/fleet/settings';

export const calls = ['/2026-07/marketing-solutions/me', '/2026-07/advertisers/me', '/2026-01/advertisers/me'];
/** Accounts that each customer granted: enough for some nights within a minute. */
const ACCOUNTS = 4;

/** A fleet with servers of its own, whose worker processes the test starts. */
export class Fleet {
  readonly workers: ChildProcess[] = [];
  /** What the sandbox got, oldest first. */
  readonly requests: SandboxRequest[] = [];
  /** What customers were told. */
  readonly told: { key: string; kind: string; id: string }[] = [];
  /** Customers whose messages cannot be sent. */
  readonly unreachable = new Set<string>();
  readonly env: Record<string, string>;
  readonly settings: FleetSettings;
  readonly database: FleetDatabase;
  readonly connections: FleetConnections;
  readonly client: Redis;

  private constructor(
    readonly redis: LocalServer,
    readonly postgres: LocalServer,
    readonly sandbox: Sandbox,
    readonly mailer: Server,
    env: Record<string, string>,
  ) {
    this.env = env;
    this.settings = readFleetSettings(env);
    this.database = new FleetDatabase(this.settings.databaseURL);
    this.connections = new FleetConnections(this.database, this.settings);
    this.client = connectRedis(this.settings.redisURL);
    sandbox.onExchange((request) => this.requests.push(request));
    mailer.on('request', async (req: IncomingMessage, res) => {
      const { key, kind } = JSON.parse(Buffer.concat(await req.toArray()).toString());
      const isSent = !this.unreachable.has(key);
      if (isSent) this.told.push({ key, kind, id: String(req.headers['idempotency-key']) });
      res.writeHead(isSent ? 200 : 500).end();
    });
  }

  static async start(changes: Record<string, string> = {}): Promise<Fleet> {
    const [redis, postgres, sandbox] = await Promise.all([
      startRedis(),
      startPostgres(),
      createSandbox({ rateLimit: true }),
    ]);
    const mailer = createServer().listen(0, '127.0.0.1');
    await once(mailer, 'listening');
    const fleet = new Fleet(redis, postgres, sandbox, mailer, {
      REDIS_URL: redis.url,
      DATABASE_URL: postgres.url,
      TOKEN_KEYS: randomBytes(32).toString('base64'),
      CRITEO_CLIENT_ID: sandbox.app.clientID,
      CRITEO_CLIENT_SECRET: sandbox.app.clientSecret,
      CRITEO_API_URL: sandbox.endpoints.apiURL,
      CALLS: calls.join(),
      CALLS_PER_MINUTE: String(60 * 61),
      TELL_URL: `http://127.0.0.1:${(mailer.address() as AddressInfo).port}`,
      SECOND: '100',
      ...changes,
    });
    await fleet.database.prepare();
    return fleet;
  }

  /** Adds customers whose access tokens have just expired. */
  async customers(names: string[], age = 900_000): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        this.sandbox.addUser({ id: name, name, advertisers: ACCOUNTS });
        await this.consent(name, age);
      }),
    );
  }

  /** Has a customer give consent, and connects it with tokens of that age. Returns them. */
  async consent(name: string, age = 900_000): Promise<TokenSet> {
    const { tokens } = this.sandbox.grant({ user: name, kind: 'login' });
    const obtainedAt = Date.now() - age;
    const saved = { ...(tokens as TokenSet), obtainedAt, expiresAt: obtainedAt + 900_000 };
    await this.connections.connect(name, saved, ACCOUNTS);
    return saved;
  }

  async worker(env: Record<string, string> = {}, execArgv: string[] = []): Promise<ChildProcess> {
    const worker = fork(join(__dirname, '../../example/fleet/worker.ts'), {
      env: { ...process.env, ...this.env, ...env },
      execArgv: ['--require', 'tsx/cjs', ...execArgv],
      // What it logs, it was made to.
      stdio: ['ignore', 'ignore', process.env['FLEET_LOG'] ? 'inherit' : 'ignore', 'ipc'],
    });
    this.workers.push(worker);
    await once(worker, 'message');
    return worker;
  }

  /** Starts one more night, a day after the last one, and returns its name. */
  async night(): Promise<string> {
    await this.database.pool.query("UPDATE fleet_connections SET offered_at = offered_at - interval '1 day'");
    const { rows } = await this.database.pool.query(
      'INSERT INTO fleet_nights SELECT coalesce(max(night) + 1, current_date) FROM fleet_nights RETURNING night::text',
    );
    this.requests.length = 0;
    return rows[0].night;
  }

  async count(table: 'fleet_results' | 'fleet_runs', night: string, where = 'true'): Promise<number> {
    const { rows } = await this.database.pool.query(
      `SELECT count(*)::int AS count FROM ${table} WHERE night = $1 AND ${where}`,
      [night],
    );
    return rows[0].count;
  }

  /** The requests of this night at one of the sandbox's endpoints. */
  asked(endpoint: 'api' | 'token'): SandboxRequest[] {
    return this.requests.filter((request) => request.endpoint === endpoint);
  }

  async stop(): Promise<void> {
    for (const worker of this.workers) worker.kill('SIGKILL');
    this.client.disconnect();
    await this.connections.close();
    await this.database.close();
    this.mailer.close();
    await this.sandbox.close();
    await Promise.all([this.redis.stop(), this.postgres.stop()]);
  }
}

/** Waits until a condition holds. */
export async function until(what: string, holds: () => Promise<boolean> | boolean, seconds = 60): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`In ${seconds} s, it did not happen: ${what}`);
    await sleep(50);
  }
}

/** Returns the most requests that fell into any window of so many milliseconds. */
export function mostWithin(milliseconds: number, requests: SandboxRequest[]): number {
  const times = requests.map(({ time }) => time).sort((one, other) => one - other);
  return Math.max(
    0,
    ...times.map((start, at) => times.filter((time, i) => i >= at && time < start + milliseconds).length),
  );
}
