import {
  type CriteoClient,
  type StoredTokenSet,
  type TokenLock,
  TokenSource,
  type TokenSourceOptions,
} from 'passport-criteo';
import { Pool } from 'pg';
import { leaseLock } from './lease';

// One connection makes them, so that processes that start at the same moment do not collide.
const tables = `
  SELECT pg_advisory_xact_lock(hashtext('criteo_tokens'));
  CREATE TABLE IF NOT EXISTS criteo_tokens (key text PRIMARY KEY, tokens jsonb NOT NULL);
  CREATE TABLE IF NOT EXISTS criteo_leases (key text PRIMARY KEY, holder text NOT NULL, until timestamptz NOT NULL)`;

const unchanged = "key = $1 AND coalesce(tokens->>'version', '') = $2";

/** Tokens in a table: a write that another process has overtaken changes nothing. */
export function postgresStore<T extends { version?: string } = StoredTokenSet>(pool: Pool) {
  const run = async (statement: string, values: unknown[]) => (await pool.query(statement, values)).rowCount === 1;
  return {
    async get(key: string): Promise<T | undefined> {
      return (await pool.query('SELECT tokens FROM criteo_tokens WHERE key = $1', [key])).rows[0]?.tokens;
    },
    async compareAndSet(key: string, expected: string | undefined, tokens: T | undefined): Promise<boolean> {
      if (!tokens) return run(`DELETE FROM criteo_tokens WHERE ${unchanged}`, [key, expected]);
      if (expected !== undefined) {
        return run(`UPDATE criteo_tokens SET tokens = $3 WHERE ${unchanged}`, [key, expected, tokens]);
      }
      return run('INSERT INTO criteo_tokens (key, tokens) VALUES ($1, $2) ON CONFLICT DO NOTHING', [key, tokens]);
    },
    // With compareAndSet, a TokenSource uses neither; they are for your own scripts.
    set: (key: string, tokens: T) =>
      run('INSERT INTO criteo_tokens VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET tokens = $2', [key, tokens]),
    delete: (key: string) => run('DELETE FROM criteo_tokens WHERE key = $1', [key]),
  };
}

/** A lock that holds no connection while it waits or works: single statements only, which pgbouncer may distribute. */
export function postgresLock(pool: Pool, patience: number): TokenLock {
  const run = async (statement: string, values: unknown[]) => (await pool.query(statement, values)).rowCount === 1;
  const until = "now() + $3 * interval '1 millisecond'";
  return leaseLock(
    {
      take: (...values) =>
        run(
          `INSERT INTO criteo_leases AS lease VALUES ($1, $2, ${until})
            ON CONFLICT (key) DO UPDATE SET holder = $2, until = ${until} WHERE lease.until < now()`,
          values,
        ),
      extend: (...values) =>
        run(`UPDATE criteo_leases SET until = ${until} WHERE key = $1 AND holder = $2 AND until > now()`, values),
      release: (...values) => run('DELETE FROM criteo_leases WHERE key = $1 AND holder = $2', values),
    },
    patience,
  );
}

/** Tokens in PostgreSQL, refreshed by one process at a time. */
export async function postgresTokens(client: CriteoClient, url: string, options: Partial<TokenSourceOptions> = {}) {
  // No statement takes more than a moment: ten connections serve hundreds of refreshes. What waits longer than five
  // seconds, for a connection or for its result, fails.
  const pool = new Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
  pool.on('error', () => {}); // idle connections that break; statements reject by themselves
  await pool.query(tables);
  const store = postgresStore(pool);
  const lock = postgresLock(pool, 40_000); // four times the client's timeout
  const tokens = new TokenSource({ client, store, lock, ...options });
  return {
    tokens,
    async close() {
      await tokens.close();
      await pool.end();
    },
  };
}
