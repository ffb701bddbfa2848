import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { CriteoClient, type TokenSet } from 'passport-criteo';
import { Pool } from 'pg';
import { postgresLock, postgresStore, postgresTokens } from '../../example/tokens/postgres';
import { createSandbox, type Sandbox } from '../../lib/sandbox';
import { login } from '../sandbox/support';
import { rejection } from '../support/errors';
import { startPgbouncer } from './pgbouncer';
import { type Postgres, startPostgres } from './postgres';
import type { WorkerAnswer, WorkerQuestion, WorkerSettings } from './token-worker';

describe('Tokens in PostgreSQL', () => {
  let server: Postgres;
  let sandbox: Sandbox;
  let client: WorkerSettings['client'];

  before(async () => {
    server = await startPostgres();
    sandbox = await createSandbox();
    client = { ...sandbox.app, apiURL: sandbox.endpoints.apiURL, timeout: 10_000 };
  });

  after(async () => {
    await sandbox.close();
    await server.stop();
  });

  async function stale(): Promise<TokenSet> {
    const { access, refresh } = await login(sandbox);
    const now = Date.now();
    return {
      accessToken: access,
      tokenType: 'Bearer',
      obtainedAt: now - 900_000,
      expiresAt: now,
      refreshToken: refresh,
    };
  }

  const open = (url = server.url) => postgresTokens(new CriteoClient(client), url);

  it('are not lost if every connection to the server ends during a refresh', async () => {
    const { tokens, close } = await open();
    const admin = new Pool({ connectionString: server.url, max: 1 });
    const before = await stale();
    await tokens.save('user-1', before);
    sandbox.fault({ on: 'token', delay: 300, rotateRefreshToken: true });
    const token = tokens.accessToken('user-1');
    await new Promise((resolve) => setTimeout(resolve, 150));
    await admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
    );
    await admin.end();
    // A statement on its way fails; what Criteo returned is stored nevertheless, and Criteo is not asked again.
    await token.catch((error: unknown) => expect(error).to.include({ code: 'store_failed', retryable: true }));
    let current: string | undefined;
    while (current === undefined) current = await tokens.accessToken('user-1').catch(() => undefined);
    expect(current).to.not.equal(before.accessToken);
    expect(sandbox.requests.filter(({ form }) => form['refresh_token'] === before.refreshToken)).to.have.length(1);
    await close();
  });

  it('hold no connection while they wait for locks, so that many locked ones do not delay another', async () => {
    const { tokens, close } = await open();
    const admin = new Pool({ connectionString: server.url });
    admin.on('error', () => {});
    const keys = Array.from({ length: 40 }, (_, i) => `held-${i}`);
    const all = await stale();
    await Promise.all([...keys, 'free'].map((key) => tokens.save(key, all)));
    const lease = "INSERT INTO criteo_leases VALUES ($1, 'elsewhere', now() + interval '1 hour')";
    for (const key of keys) await admin.query(lease, [key]);
    const waiting = keys.map((key) => tokens.accessToken(key));
    for (const each of waiting) each.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 200));
    const started = Date.now();
    expect(await tokens.accessToken('free')).to.be.a('string');
    expect(Date.now() - started).to.be.below(3000);
    const { rows } = await admin.query(
      "SELECT count(*)::int AS count FROM pg_stat_activity WHERE backend_type = 'client backend' AND state LIKE 'idle in%'",
    );
    expect(rows[0].count).to.equal(0);
    await tokens.close();
    expect(await rejection(waiting[0] as Promise<string>, Error)).to.include({ code: 'closed' });
    // None of the forty takes a lease any more: it would stay behind.
    await admin.query('DELETE FROM criteo_leases');
    await close();
    expect((await admin.query('SELECT FROM criteo_leases')).rowCount).to.equal(0);
    await admin.end();
  });

  it('are locked by a lease that counts as lost if it cannot be prolonged', async () => {
    const { close } = await open();
    const pool = new Pool({ connectionString: server.url });
    await postgresLock(pool, 40_000)('held', async (signal) => {
      await pool.query('ALTER TABLE criteo_leases RENAME TO unreachable');
      if (signal && !signal.aborted) await once(signal, 'abort');
      await pool.query('ALTER TABLE unreachable RENAME TO criteo_leases');
    });
    expect((await pool.query('SELECT FROM criteo_leases')).rowCount).to.equal(0);
    await pool.end();
    await close();
  }).timeout(15_000);

  it('are compared and written in one step: of many writes of one version, one succeeds', async () => {
    const { close } = await open();
    const pool = new Pool({ connectionString: server.url });
    const store = postgresStore<{ version: string }>(pool);
    const record = (version: string) => ({ version });
    const race = (expected: string | undefined) =>
      Promise.all(
        Array.from({ length: 20 }, (_, i) => store.compareAndSet('race', expected, record(`${expected}${i}`))),
      );
    for (let round = 0; round < 5; round += 1) {
      const before = (await store.get('race'))?.version;
      expect((await race(before)).filter(Boolean)).to.have.length(1);
    }
    const { version } = (await store.get('race')) ?? { version: '' };
    expect(await store.compareAndSet('race', 'another', undefined)).to.equal(false);
    expect(await store.compareAndSet('race', version, undefined)).to.equal(true);
    expect(await store.compareAndSet('race', version, record('late'))).to.equal(false);
    await pool.query("INSERT INTO criteo_tokens VALUES ('old', '{}')");
    expect(await store.compareAndSet('old', '', record('new'))).to.equal(true);
    await pool.end();
    await close();
  });

  it('are refreshed once by two processes behind pgbouncer in transaction mode', async () => {
    const bouncer = await startPgbouncer(server.url);
    const workers: ChildProcess[] = [];
    try {
      const { tokens, close } = await open(bouncer.url);
      const settings: WorkerSettings = { kind: 'postgres', url: bouncer.url, client };
      for (let i = 0; i < 2; i += 1) {
        const worker = fork(join(__dirname, 'token-worker.ts'), [JSON.stringify(settings)], {
          execArgv: ['--require', 'tsx/cjs'],
        });
        workers.push(worker);
        expect((await once(worker, 'message'))[0]).to.equal('ready');
      }
      const keys = Array.from({ length: 30 }, (_, i) => `bounced-${i}`);
      const all = await Promise.all(keys.map(stale));
      await Promise.all(keys.map((key, i) => tokens.save(key, all[i] as TokenSet)));
      const before = sandbox.requests.length;
      const answers = await Promise.all(
        workers.map(async (worker) => {
          worker.send({ keys } satisfies WorkerQuestion);
          return (await once(worker, 'message'))[0] as WorkerAnswer;
        }),
      );
      expect(answers[0]).to.have.property('tokens').with.length(30);
      expect(answers[1]).to.deep.equal(answers[0]);
      expect(sandbox.requests.length - before).to.equal(30);
      await close();
    } finally {
      for (const worker of workers) worker.kill('SIGKILL');
      await bouncer.stop();
    }
  });
});
