import KeyvPostgres from '@keyv/postgres';
import Keyv from 'keyv';
import { type CriteoClient, TokenSource } from 'passport-criteo';
import { Pool } from 'pg';

/** Tokens in PostgreSQL, refreshed by one process at a time, thanks to PostgreSQL's advisory locks. */
export function postgresTokens(client: CriteoClient, url: string) {
  const store = new Keyv({ store: new KeyvPostgres({ uri: url, table: 'criteo_tokens' }), throwOnErrors: true });
  const pool = new Pool({ connectionString: url });
  for (const emitter of [store, pool]) emitter.on('error', () => {}); // every failure also rejects
  const tokens = new TokenSource({
    client,
    store,
    async lock(key, work) {
      const connection = await pool.connect();
      let broken = true;
      try {
        // PostgreSQL frees the lock with the transaction: when it ends, and when the process dies.
        await connection.query('BEGIN');
        await connection.query("SET LOCAL lock_timeout = '40s'");
        await connection.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`criteo:${key}`]);
        await work();
      } finally {
        broken = await connection.query('ROLLBACK').then(
          () => false,
          () => true,
        );
        connection.release(broken);
      }
    },
  });
  return {
    tokens,
    async close() {
      await store.disconnect();
      await pool.end();
    },
  };
}
