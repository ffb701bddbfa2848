import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { CriteoClient, type TokenSet, type TokenSource } from 'passport-criteo';
import { postgresTokens } from '../../example/tokens/postgres';
import { redisTokens } from '../../example/tokens/redis';
import { createSandbox, type Sandbox } from '../../lib/sandbox';
import { login } from '../sandbox/support';
import { startPostgres } from './postgres';
import { startRedis } from './redis';
import type { WorkerAnswer, WorkerQuestion, WorkerSettings } from './token-worker';

// SOAK=10000 for the whole of it.
const REFRESHES = Number(process.env['SOAK'] ?? 500);
const KEYS = 50;
const LIFE = 900_000;

const kinds = {
  redis: { start: startRedis, open: redisTokens },
  postgres: { start: startPostgres, open: postgresTokens },
} as const;

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

for (const kind of ['redis', 'postgres'] as const) {
  describe(`Two processes with ${KEYS} connections in ${kind}, killed, frozen and restarted at random`, () => {
    let server: { url: string; stop(): Promise<void> };
    let sandbox: Sandbox;
    let settings: WorkerSettings;
    let own: { tokens: TokenSource; close(): Promise<void> };
    let ahead = 0;
    const now = (): number => Date.now() + ahead;
    const workers: ChildProcess[] = [];

    before(async () => {
      server = await kinds[kind].start();
      sandbox = await createSandbox({ now });
      const client = { ...sandbox.app, apiURL: sandbox.endpoints.apiURL, timeout: 10_000 };
      settings = { kind, url: server.url, client };
      own = await kinds[kind].open(new CriteoClient(client), server.url, { now });
      workers.push(await start(), await start());
    });

    after(async () => {
      for (const worker of workers) worker.kill('SIGKILL');
      await own.close();
      await sandbox.close();
      await server.stop();
    });

    async function start(): Promise<ChildProcess> {
      const worker = fork(join(__dirname, 'token-worker.ts'), [JSON.stringify(settings)], {
        execArgv: ['--require', 'tsx/cjs'],
      });
      expect((await once(worker, 'message'))[0]).to.equal('ready');
      return worker;
    }

    /** Its outcomes; nothing if the process ended before. */
    function ask(worker: ChildProcess, question: WorkerQuestion): Promise<string[] | undefined> {
      return new Promise((resolve) => {
        const onMessage = (answer: WorkerAnswer): void => {
          if (answer.id === question.id) end(answer.outcomes);
        };
        const onExit = (): void => end(undefined);
        const end = (outcomes: string[] | undefined): void => {
          worker.off('message', onMessage);
          worker.off('exit', onExit);
          resolve(outcomes);
        };
        worker.on('message', onMessage);
        worker.on('exit', onExit);
        worker.send(question, (error) => error && end(undefined));
      });
    }

    it(`lose no tokens in ${REFRESHES} refreshes`, async function () {
      this.timeout(REFRESHES * 1000);
      const random = numbers(2026);
      const keys = Array.from({ length: KEYS }, (_, i) => `key-${i}`);
      for (const key of keys) {
        const { access, refresh } = await login(sandbox);
        const tokens: TokenSet = {
          ...{ accessToken: access, tokenType: 'Bearer', refreshToken: refresh },
          ...{ obtainedAt: now(), expiresAt: now() + LIFE },
        };
        await own.tokens.save(key, tokens);
      }
      const isRefresh = ({ form }: { form: Record<string, unknown> }): boolean =>
        form['grant_type'] === 'refresh_token';
      const counts = { killed: 0, frozen: 0, stopped: 0, undisturbed: 0 };
      const expires = new Map<string, number>();
      let id = 0;
      let refreshes = 0;
      const expectTokens = (outcomes: string[] | undefined): void => {
        if (outcomes) for (const outcome of outcomes) expect(outcome).to.have.length.above(30);
      };
      while (refreshes < REFRESHES) {
        ahead += LIFE;
        const startedAt = now();
        id += 1;
        const chance = random();
        // Slow enough for the signal to come in the middle. A process that is killed with a new refresh token in its memory
        // loses it: so those come only while nobody is disturbed.
        for (let i = 0; i < 10; i += 1) {
          sandbox.fault({ on: 'token', delay: Math.floor(random() * 50), rotateRefreshToken: chance >= 0.5 });
        }
        const answers = workers.map((worker) => ask(worker, { id, keys, ahead }));
        const victim = random() < 0.5 ? 0 : 1;
        const worker = workers[victim] as ChildProcess;
        await new Promise((resolve) => setTimeout(resolve, random() * 150));
        if (chance < 0.25) {
          counts.killed += 1;
          worker.kill('SIGKILL');
          workers[victim] = await start();
        } else if (chance < 0.35) {
          counts.frozen += 1;
          worker.kill('SIGSTOP');
          await new Promise((resolve) => setTimeout(resolve, random() * 7000));
          worker.kill('SIGCONT');
        } else if (chance < 0.5) {
          counts.stopped += 1;
          worker.kill('SIGTERM');
          workers[victim] = await start();
        } else {
          counts.undisturbed += 1;
        }
        for (const [index, outcomes] of (await Promise.all(answers)).entries()) {
          // A process that was told to end refuses what it has not started.
          if (chance >= 0.35 && chance < 0.5 && index === victim) continue;
          // A frozen process finds its timers over when it goes on: that is an error of its store or lock, to be tried again.
          const isFrozen = chance >= 0.25 && chance < 0.35 && index === victim;
          expectTokens(outcomes?.filter((outcome) => !isFrozen || !/^(store|lock)_failed$/.test(outcome)));
        }
        // The sandbox remembers the last 5,000 requests.
        const asked = sandbox.requests.filter((request) => request.time >= startedAt && isRefresh(request)).length;
        if (chance >= 0.5) expect(asked).to.equal(KEYS);
        refreshes += asked;
        // What a process that ended has left undone.
        expectTokens(await Promise.all(keys.map((key) => own.tokens.accessToken(key))));
        for (const key of keys) {
          const status = await own.tokens.status(key);
          expect(status).to.not.have.property('reauthorizeSince');
          const { accessTokenExpiresAt = 0 } = status ?? {};
          // No record is ever replaced by an older one.
          expect(accessTokenExpiresAt).to.be.above(expires.get(key) ?? 0);
          expires.set(key, accessTokenExpiresAt);
        }
      }
      expect(Math.min(...Object.values(counts))).to.be.above(REFRESHES < 2000 ? -1 : 0);
      // Each refresh token that is left works.
      ahead += LIFE;
      expectTokens(await Promise.all(keys.map((key) => own.tokens.accessToken(key))));
    });
  });
}
