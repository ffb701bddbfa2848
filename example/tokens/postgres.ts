import {
  type CriteoClient,
  type StoredTokenSet,
  type TokenLock,
  TokenSource,
  type TokenSourceOptions,
} from 'passport-criteo';
import { Pool } from 'pg';
import { leaseLock } from './lease';

// The advisory lock prevents errors if several processes start and create the tables at the same time.
export const tables = `
  SELECT pg_advisory_xact_lock(hashtext('criteo_tokens'));
  CREATE TABLE IF NOT EXISTS criteo_tokens (key text PRIMARY KEY, tokens jsonb NOT NULL);
  CREATE TABLE IF NOT EXISTS criteo_leases (key text PRIMARY KEY, holder text NOT NULL, until timestamptz NOT NULL)`;

const unchanged = "key = $1 AND coalesce(tokens->>'version', '') = $2";

/** Stores tokens in a table. A write has no effect if another process has changed the tokens before. */
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
    // A TokenSource uses compareAndSet instead of these two. They are for your own scripts.
    set: (key: string, tokens: T) =>
      run('INSERT INTO criteo_tokens VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET tokens = $2', [key, tokens]),
    delete: (key: string) => run('DELETE FROM criteo_tokens WHERE key = $1', [key]),
  };
}

/** Makes a lock that holds no connection. It uses single statements only, so it works with pgbouncer. */
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

/** Makes a TokenSource with a store and a lock in PostgreSQL. */
export async function postgresTokens(client: CriteoClient, url: string, options: Partial<TokenSourceOptions> = {}) {
  // Every statement is short, so ten connections are enough for hundreds of refreshes. A statement fails if it waits
  // longer than five seconds for a connection or for its result.
  const pool = new Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
  pool.on('error', () => {}); // errors of idle connections; failed statements reject their promises
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
