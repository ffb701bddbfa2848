// One machine, nothing set up: Redis, PostgreSQL and the sandbox are started along with the fleet.
import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TokenSet } from 'passport-criteo';
import { createSandbox, type Sandbox } from 'passport-criteo/sandbox';
import { startPostgres, startRedis } from './servers';

type Environment = Record<string, string | undefined>;

// Where `npm run fleet:status` finds what `npm run fleet` has started. No secret is in it.
const file = join(tmpdir(), 'passport-criteo-fleet.json');

/** Reads where the fleet of this machine is. */
export async function readTrial(): Promise<Environment> {
  return readFile(file, 'utf8').then(JSON.parse, () => ({}));
}

/** What was started because the environment did not name it. */
export interface Trial {
  env: Environment;
  /** Tokens of customers, by the key of their connection; none if Criteo itself is asked. */
  customers: { key: string; tokens: TokenSet; accounts: number }[];
  sandbox: Sandbox | undefined;
  close(): Promise<void>;
}

/** Starts what the environment does not name. @param customers how many the sandbox has, 999 at most. */
export async function startTrial(given: Environment, customers: number): Promise<Trial> {
  const env = { ...given };
  const running: { stop(): Promise<void> }[] = [];
  if (!env['REDIS_URL']) {
    const redis = await startRedis();
    running.push(redis);
    env['REDIS_URL'] = redis.url;
  }
  if (!env['DATABASE_URL']) {
    const postgres = await startPostgres();
    running.push(postgres);
    env['DATABASE_URL'] = postgres.url;
    env['TOKEN_KEYS'] ??= randomBytes(32).toString('base64');
  }
  let sandbox: Sandbox | undefined;
  if (!env['CRITEO_CLIENT_ID']) {
    sandbox = await createSandbox({ rateLimit: true });
    env['CRITEO_CLIENT_ID'] = sandbox.app.clientID;
    env['CRITEO_CLIENT_SECRET'] = sandbox.app.clientSecret;
    env['CRITEO_API_URL'] = sandbox.endpoints.apiURL;
  }
  const { REDIS_URL, DATABASE_URL, CALLS_PER_MINUTE } = env;
  await writeFile(file, JSON.stringify({ REDIS_URL, DATABASE_URL, CALLS_PER_MINUTE }));
  return {
    env,
    customers: sandbox ? makeCustomers(sandbox, customers) : [],
    sandbox,
    async close() {
      await rm(file, { force: true });
      await sandbox?.close();
      await Promise.all(running.map((server) => server.stop()));
    },
  };
}

/** Users who have given consent, each with one to three advertisers. */
export function makeCustomers(sandbox: Sandbox, count: number): Trial['customers'] {
  return Array.from({ length: count }, (_, index) => {
    const key = `customer-${index + 1}`;
    const accounts = 1 + (index % 3);
    sandbox.addUser({ id: key, name: `Customer ${index + 1}`, advertisers: accounts });
    const { tokens } = sandbox.grant({ user: key, kind: 'login' });
    return { key, tokens: tokens as TokenSet, accounts };
  });
}
