import { type CriteoClient, TokenSource } from 'passport-criteo';
import { Pool } from 'pg';

const table = 'CREATE TABLE IF NOT EXISTS criteo_tokens (key text PRIMARY KEY, tokens jsonb NOT NULL)';
const upsert =
  'INSERT INTO criteo_tokens (key, tokens) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET tokens = excluded.tokens';

/** Tokens in PostgreSQL, refreshed by one process at a time, thanks to PostgreSQL's advisory locks. */
export async function postgresTokens(client: CriteoClient, url: string) {
  const pool = new Pool({ connectionString: url });
  // Of their own: whoever holds a lock needs another connection for the store.
  const locks = new Pool({ connectionString: url });
  for (const emitter of [pool, locks]) emitter.on('error', () => {}); // idle connections that break; others reject
  await pool.query(table);
  const tokens = new TokenSource({
    client,
    store: {
      get: async (key) => (await pool.query('SELECT tokens FROM criteo_tokens WHERE key = $1', [key])).rows[0]?.tokens,
      set: (key, tokens) => pool.query(upsert, [key, tokens]),
      delete: (key) => pool.query('DELETE FROM criteo_tokens WHERE key = $1', [key]),
    },
    async lock(key, work) {
      const connection = await locks.connect();
      try {
        // PostgreSQL frees the lock with the transaction: when that ends, and when this process dies.
        await connection.query('BEGIN');
        await connection.query("SET LOCAL lock_timeout = '40s'");
        await connection.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`criteo:${key}`]);
        await work();
      } finally {
        await connection.query('ROLLBACK').then(
          () => connection.release(),
          (broken) => connection.release(broken),
        );
      }
    },
  });
  return {
    tokens,
    async close() {
      await Promise.all([pool.end(), locks.end()]);
    },
  };
}
