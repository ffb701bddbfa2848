import { Pool, type PoolClient } from 'pg';
import { tables as tokenTables } from '../tokens/postgres';

// What has to be done is in PostgreSQL, and only there: a queue that lost everything is filled again from it. Times are
// those of the database, so that the clocks of the machines do not matter.
const tables = `
  ${tokenTables};
  CREATE TABLE IF NOT EXISTS fleet_connections (
    key text PRIMARY KEY,
    accounts integer NOT NULL DEFAULT 1,
    paused boolean NOT NULL DEFAULT false,
    offered_at timestamptz,
    refresh_until timestamptz,
    ended_version text,
    ended_reason text,
    ended_at timestamptz
  );
  CREATE TABLE IF NOT EXISTS fleet_nights (night date PRIMARY KEY, started_at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE IF NOT EXISTS fleet_results (
    night date, key text, call text, result jsonb, at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (night, key, call)
  );
  CREATE TABLE IF NOT EXISTS fleet_runs (
    night date, key text, outcome text NOT NULL, reason text, at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (night, key)
  );
  CREATE TABLE IF NOT EXISTS fleet_messages (
    key text, kind text, consent bigint, reason text, created_at timestamptz NOT NULL DEFAULT now(),
    tried_at timestamptz, told_at timestamptz, PRIMARY KEY (key, kind, consent)
  )`;

// A connection has ended if the tokens that were found to be ended are still the ones in the table. A new consent replaces
// them, and that alone puts the connection back to work, whatever runs at the same moment.
const ended = `c.ended_version IS NOT DISTINCT FROM coalesce(t.tokens->>'version', '')`;

/** A statement that failed because PostgreSQL was not there: nothing is known of what it did. */
export class DatabaseUnavailable extends Error {
  readonly retryable = true;
}

/** What a job needs to know before it starts. */
export interface Run {
  accounts: number;
  paused: boolean;
  ended: boolean;
  /** What became of it, if it is over. */
  outcome: 'done' | 'failed' | null;
  /** Calls whose results are stored. */
  done: string[];
  /** Milliseconds until Criteo may refuse the refresh token; null if that is not known. */
  refreshLeft: number | null;
}

/** A customer who has to be told something. */
export interface Message {
  key: string;
  kind: 'reconnect' | 'expiring';
  /** When the consent was given that it is about: with key and kind, it names the message. */
  consent: string;
  reason: string | null;
}

/** The statements of the fleet. Each stands alone and can be repeated: what was done once is not done again. */
export class FleetDatabase {
  readonly pool: Pool;

  constructor(url: string) {
    this.pool = new Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 5_000, query_timeout: 15_000 });
    this.pool.on('error', () => {}); // idle connections that break; statements reject by themselves
  }

  async prepare(): Promise<void> {
    await this.#run(tables, []);
  }

  /** Adds a connection, or notes that its user has connected again. */
  async connect(key: string, accounts: number): Promise<void> {
    await this.#run(
      `INSERT INTO fleet_connections (key, accounts) VALUES ($1, $2)
        ON CONFLICT (key) DO UPDATE SET accounts = $2, offered_at = NULL, refresh_until = NULL`,
      [key, accounts],
    );
  }

  async disconnect(key: string): Promise<void> {
    await this.#run('DELETE FROM fleet_connections WHERE key = $1', [key]);
  }

  /** Starts the night of today, unless another process has; a night that was not finished is over. */
  async startNight(): Promise<void> {
    await this.#run('INSERT INTO fleet_nights VALUES (current_date) ON CONFLICT DO NOTHING', []);
  }

  /** Returns the night that runs, as `2026-11-27`. */
  async night(): Promise<string | undefined> {
    const rows = await this.#run('SELECT max(night)::text AS night FROM fleet_nights', []);
    return (rows[0]?.['night'] as string | null) ?? undefined;
  }

  /** Returns connections that have work to do this night and were not offered for a while, and notes that they were. */
  async offer(night: string, again: number, limit: number): Promise<string[]> {
    const rows = await this.#run(
      `UPDATE fleet_connections SET offered_at = now() WHERE key IN (
        SELECT c.key FROM fleet_connections c JOIN criteo_tokens t USING (key)
          WHERE (c.offered_at IS NULL OR c.offered_at < now() - $2 * interval '1 millisecond')
            AND NOT ${ended}
            AND (NOT c.paused OR c.refresh_until IS NULL OR c.refresh_until < now() + interval '30 days')
            AND NOT EXISTS (SELECT FROM fleet_runs r WHERE r.night = $1 AND r.key = c.key)
          ORDER BY c.offered_at NULLS FIRST LIMIT $3
          FOR UPDATE OF c SKIP LOCKED)
        RETURNING key`,
      [night, again, limit],
    );
    return rows.map(({ key }) => key as string);
  }

  /** Returns what is to be done for a connection; undefined if there is no such connection any more. */
  async run(night: string, key: string): Promise<Run | undefined> {
    const rows = await this.#run(
      `SELECT c.accounts, c.paused, ${ended} AS ended,
          extract(epoch FROM c.refresh_until - now())::float8 * 1000 AS "refreshLeft",
          (SELECT outcome FROM fleet_runs WHERE night = $1 AND key = $2) AS outcome,
          ARRAY(SELECT call FROM fleet_results WHERE night = $1 AND key = $2) AS done
        FROM fleet_connections c JOIN criteo_tokens t USING (key) WHERE c.key = $2`,
      [night, key],
    );
    return rows[0] as Run | undefined;
  }

  /** Stores the result of a call; the first one stays. With `isLast`, the connection is done for this night. */
  async keep(night: string, key: string, call: string, result: unknown, isLast: boolean): Promise<void> {
    const insert = `INSERT INTO fleet_results (night, key, call, result) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`;
    const done = `INSERT INTO fleet_runs (night, key, outcome) VALUES ($1, $2, 'done') ON CONFLICT DO NOTHING`;
    await this.#run(isLast ? `WITH kept AS (${insert}) ${done}` : insert, [night, key, call, JSON.stringify(result)]);
  }

  /** Ends the work on a connection for this night. */
  async finish(night: string, key: string, outcome: 'done' | 'failed', reason?: string): Promise<void> {
    await this.#run(
      'INSERT INTO fleet_runs (night, key, outcome, reason) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
      [night, key, outcome, reason?.slice(0, 300)],
    );
  }

  /** Notes that the tokens with this version have ended, and who is to be told: once for each consent. */
  async end(key: string, tokens: { version: string; consent: number }, reason: string): Promise<void> {
    await this.#run(
      `WITH marked AS (
        UPDATE fleet_connections c SET ended_version = $2, ended_reason = $4, ended_at = now()
          FROM criteo_tokens t WHERE c.key = $1 AND t.key = $1 AND coalesce(t.tokens->>'version', '') = $2
          RETURNING c.key)
        INSERT INTO fleet_messages (key, kind, consent, reason) SELECT key, 'reconnect', $3, $4 FROM marked
          ON CONFLICT DO NOTHING`,
      [key, tokens.version, tokens.consent, reason],
    );
  }

  /** Notes until when the refresh token is good; if that is soon, the customer is to be told. */
  async refreshable(key: string, until: number, consent: number): Promise<void> {
    await this.#run(
      `WITH noted AS (
        UPDATE fleet_connections SET refresh_until = to_timestamp($2::float8 / 1000) WHERE key = $1
          RETURNING key, refresh_until)
        INSERT INTO fleet_messages (key, kind, consent, reason)
          SELECT key, 'expiring', $3, refresh_until::text FROM noted WHERE refresh_until < now() + interval '14 days'
          ON CONFLICT DO NOTHING`,
      [key, until, consent],
    );
  }

  /**
   * Hands one message to `tell`, if there is one, and notes that it was told. Other processes skip a message while it is
   * being told; one that dies meanwhile leaves it to the next. One that cannot be told now is tried again in a minute.
   *
   * @returns whether there may be more.
   */
  async tell(tell: (message: Message) => Promise<void>): Promise<boolean> {
    return this.#transaction(async (client) => {
      const { rows } = await client.query(
        `SELECT m.key, m.kind, m.consent::text, m.reason FROM fleet_messages m
          JOIN fleet_connections c USING (key) JOIN criteo_tokens t USING (key)
          WHERE m.told_at IS NULL AND (m.tried_at IS NULL OR m.tried_at < now() - interval '1 minute')
            AND (m.kind <> 'reconnect' OR ${ended})
          ORDER BY m.created_at LIMIT 1 FOR UPDATE OF m SKIP LOCKED`,
      );
      const message = rows[0] as Message | undefined;
      if (!message) return false;
      const outcome = await tell(message).then(
        () => 'told_at',
        () => 'tried_at',
      );
      const { key, kind, consent } = message;
      const where = 'key = $1 AND kind = $2 AND consent = $3';
      await client.query(`UPDATE fleet_messages SET ${outcome} = now() WHERE ${where}`, [key, kind, consent]);
      return true;
    });
  }

  /** Counts, for the status page. */
  async counts(): Promise<Record<'connections' | 'paused' | 'ended' | 'done' | 'failed' | 'untold', number>> {
    const rows = await this.#run(
      `SELECT count(*)::int AS connections, count(*) FILTER (WHERE c.paused)::int AS paused,
          count(*) FILTER (WHERE ${ended})::int AS ended,
          count(*) FILTER (WHERE NOT c.paused AND NOT ${ended} AND r.outcome = 'done')::int AS done,
          count(*) FILTER (WHERE NOT c.paused AND NOT ${ended} AND r.outcome = 'failed')::int AS failed,
          (SELECT count(*)::int FROM fleet_messages WHERE told_at IS NULL) AS untold
        FROM fleet_connections c LEFT JOIN criteo_tokens t USING (key)
        LEFT JOIN fleet_runs r ON r.key = c.key AND r.night = (SELECT max(night) FROM fleet_nights)`,
      [],
    );
    return rows[0] as Awaited<ReturnType<FleetDatabase['counts']>>;
  }

  close(): Promise<void> {
    return this.pool.end();
  }

  async #run(statement: string, values: unknown[]): Promise<Record<string, unknown>[]> {
    try {
      const result = await this.pool.query(statement, values);
      return result.rows;
    } catch (error) {
      throw readError(error);
    }
  }

  async #transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect().catch((error: unknown) => Promise.reject(readError(error)));
    let failure: Error | undefined;
    // A connection that breaks while it is not used by a statement.
    const onError = (error: Error) => {
      failure = error;
    };
    client.on('error', onError);
    try {
      await client.query('BEGIN');
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      failure ??= error as Error;
      throw readError(error);
    } finally {
      client.off('error', onError);
      // With an error, the connection is closed, which rolls back.
      client.release(failure);
    }
  }
}

// SQLSTATE classes 22, 23 and 42 are mistakes of the statement; everything else is a server that is not there.
function readError(error: unknown): unknown {
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  if (!(error instanceof Error) || /^(22|23|42)/.test(String(code))) return error;
  return new DatabaseUnavailable(`PostgreSQL: ${message}`, { cause: error });
}
