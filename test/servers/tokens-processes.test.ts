import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { CriteoClient, type TokenSet, type TokenSource } from 'passport-criteo';
import { postgresTokens } from '../../example/tokens/postgres';
import { redisTokens } from '../../example/tokens/redis';
import { createSandbox, type Sandbox } from '../../lib/sandbox';
import { login } from '../sandbox/support';
import { rejection } from '../support/errors';
import { startPostgres } from './postgres';
import { startRedis } from './redis';
import type { WorkerAnswer, WorkerQuestion, WorkerSettings } from './token-worker';

const servers = {
  redis: { start: startRedis, open: redisTokens },
  postgres: { start: startPostgres, open: postgresTokens },
} as const;

for (const kind of ['redis', 'postgres'] as const) {
  describe(`Tokens in ${kind}, for many processes`, () => {
    let server: { url: string; stop(): Promise<void> };
    let sandbox: Sandbox;
    let client: WorkerSettings['client'];
    let own: { tokens: TokenSource; close(): Promise<void> };
    let crew: ChildProcess[];
    const workers: ChildProcess[] = [];

    before(async () => {
      server = await servers[kind].start();
      sandbox = await createSandbox();
      client = { ...sandbox.app, apiURL: sandbox.endpoints.apiURL, timeout: 10_000 };
      own = await servers[kind].open(new CriteoClient(client), server.url);
      crew = await Promise.all([startWorker(), startWorker(), startWorker()]);
    });

    after(async () => {
      for (const worker of workers) worker.kill('SIGKILL');
      await own.close();
      await sandbox.close();
      await server.stop();
    });

    /** Another process, with a store and a lock of its own on the same server. */
    async function startWorker(): Promise<ChildProcess> {
      const settings: WorkerSettings = { kind, url: server.url, client };
      const worker = fork(join(__dirname, 'token-worker.ts'), [JSON.stringify(settings)], {
        execArgv: ['--require', 'tsx/cjs'],
      });
      workers.push(worker);
      const [message] = await once(worker, 'message');
      expect(message).to.equal('ready');
      return worker;
    }

    async function ask(worker: ChildProcess, question: WorkerQuestion): Promise<WorkerAnswer> {
      worker.send(question);
      const [answer] = await once(worker, 'message');
      return answer as WorkerAnswer;
    }

    /** Tokens of a consent, whose access token has just come to its end. */
    async function stale(): Promise<TokenSet & { refreshToken: string }> {
      const { access, refresh } = await login(sandbox);
      const expiresAt = Date.now();
      const obtainedAt = expiresAt - 900_000;
      return { accessToken: access, tokenType: 'Bearer', obtainedAt, expiresAt, refreshToken: refresh };
    }

    const refreshes = (refreshToken: string): number =>
      sandbox.requests.filter(({ form }) => form['refresh_token'] === refreshToken).length;

    it('are read as they were saved, and are gone after a delete', async () => {
      const tokens = { ...(await stale()), expiresAt: Date.now() + 900_000 };
      await own.tokens.save('user-1', tokens);
      expect(await own.tokens.accessToken('user-1')).to.equal(tokens.accessToken);
      await own.tokens.delete('user-1');
      expect(await rejection(own.tokens.accessToken('user-1'), Error)).to.include({ code: 'not_connected' });
    });

    it('keep the mark of a connection that has ended, for every process', async () => {
      const tokens = await stale();
      await own.tokens.save('dead', { ...tokens, refreshToken: 'unknown' });
      for (const worker of crew) {
        expect(await ask(worker, { keys: ['dead'] })).to.include({ code: 'reauthorization_required' });
      }
      expect(await rejection(own.tokens.accessToken('dead'), Error)).to.include({ code: 'reauthorization_required' });
      expect(refreshes('unknown')).to.equal(1);
    });

    it('are refreshed once, however many processes and callers want them', async () => {
      const keys = ['a', 'b', 'c', 'd', 'e'];
      const all = await Promise.all(keys.map(stale));
      await Promise.all(all.map((tokens, i) => own.tokens.save(`${keys[i]}`, tokens)));
      const answers = await Promise.all(
        crew.map((worker) => ask(worker, { keys: keys.flatMap((key) => Array<string>(10).fill(key)) })),
      );
      for (const answer of answers) {
        expect(answer).to.have.property('tokens');
        expect(answer).to.deep.equal(answers[0]);
      }
      expect(all.map(({ refreshToken }) => refreshes(refreshToken))).to.deep.equal([1, 1, 1, 1, 1]);
    });

    it('are replaced once if every process had the same one refused', async () => {
      const tokens = { ...(await stale()), expiresAt: Date.now() + 900_000 };
      await own.tokens.save('forced', tokens);
      const answers = await Promise.all(
        crew.map((worker) => ask(worker, { keys: ['forced'], force: tokens.accessToken })),
      );
      expect(answers[0]).to.have.property('tokens').that.does.not.include(tokens.accessToken);
      for (const answer of answers) expect(answer).to.deep.equal(answers[0]);
      expect(refreshes(tokens.refreshToken)).to.equal(1);
    });

    for (const [when, after] of [
      ['before Criteo did anything', false],
      ['after Criteo refreshed, before it is known', true],
    ] as const) {
      it(`are not lost if a process is killed during a refresh, ${when}`, async () => {
        const tokens = await stale();
        await own.tokens.save('shared', tokens);
        const victim = await startWorker();
        const [heir] = crew as [ChildProcess];
        sandbox.fault({ on: 'token', hang: true, after });
        victim.send({ keys: ['shared'] } satisfies WorkerQuestion);
        while (refreshes(tokens.refreshToken) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        const waiting = ask(heir, { keys: ['shared', 'shared'] });
        // Killed while it holds the lock, and while the other one waits for it.
        victim.kill('SIGKILL');
        await once(victim, 'exit');
        const answer = await waiting;
        expect(answer).to.have.property('tokens').with.length(2);
        expect(refreshes(tokens.refreshToken)).to.equal(2);
        // Nothing is lost: the next refresh works as well.
        const { tokens: handedOut } = answer as { tokens: string[] };
        expect(await own.tokens.accessToken('shared', { force: handedOut[0] })).to.be.a('string');
      });
    }

    it('are not overwritten by a process that was frozen during a refresh until its lock had ended', async () => {
      const tokens = await stale();
      await own.tokens.save('frozen', tokens);
      const frozen = await startWorker();
      sandbox.fault({ on: 'token', delay: 200, rotateRefreshToken: true });
      const answer = ask(frozen, { keys: ['frozen'] });
      while (refreshes(tokens.refreshToken) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      frozen.kill('SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 7_000));
      const latest = await stale();
      const fresh = { ...latest, expiresAt: Date.now() + 900_000, obtainedAt: Date.now() };
      // Whoever has the lock now: the consent is saved.
      expect(await ask(crew[0] as ChildProcess, { keys: ['frozen'], save: fresh })).to.have.property('tokens');
      frozen.kill('SIGCONT');
      expect(await answer).to.deep.include({ tokens: [fresh.accessToken] });
      expect(await own.tokens.accessToken('frozen')).to.equal(fresh.accessToken);
    });

    it('are written before a process ends that gets SIGTERM during a refresh', async () => {
      const tokens = await stale();
      await own.tokens.save('polite', tokens);
      const polite = await startWorker();
      sandbox.fault({ on: 'token', delay: 300, rotateRefreshToken: true });
      polite.send({ keys: ['polite'] } satisfies WorkerQuestion);
      while (refreshes(tokens.refreshToken) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      polite.kill('SIGTERM');
      const [code] = await once(polite, 'exit');
      expect(code).to.equal(0);
      const { refreshTokenObtainedAt } = (await own.tokens.status('polite')) ?? {};
      expect(refreshTokenObtainedAt).to.be.above(tokens.obtainedAt);
      expect(refreshes(tokens.refreshToken)).to.equal(1);
    });

    it('are an error, without a request to Criteo, if the server is gone', async () => {
      const tokens = await stale();
      await own.tokens.save('lost', tokens);
      const other = await servers[kind].start();
      const hasty = new CriteoClient({ ...client, timeout: 1000 });
      const { tokens: elsewhere, close } = await servers[kind].open(hasty, other.url);
      await elsewhere.save('lost', tokens);
      await other.stop();
      const error = await rejection(elsewhere.accessToken('lost'), Error);
      expect(error).to.include({ code: 'store_failed', retryable: true });
      expect(refreshes(tokens.refreshToken)).to.equal(0);
      await close();
    });
  });
}
