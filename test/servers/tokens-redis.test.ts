import { expect } from 'chai';
import { Redis as Client } from 'ioredis';
import { CriteoClient, type TokenSet } from 'passport-criteo';
import { redisStore, redisTokens } from '../../example/tokens/redis';
import { createSandbox, type Sandbox } from '../../lib/sandbox';
import { login } from '../sandbox/support';
import { type Redis, startRedis } from './redis';

describe('Tokens in Redis', () => {
  let server: Redis;
  let sandbox: Sandbox;
  let redis: Client;

  before(async () => {
    server = await startRedis();
    sandbox = await createSandbox();
    redis = new Client(server.url);
  });

  after(async () => {
    redis.disconnect();
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

  it('cost no more time and commands if the lock is lost', async () => {
    const { tokens, close } = redisTokens(
      new CriteoClient({ ...sandbox.app, apiURL: sandbox.endpoints.apiURL }),
      server.url,
    );
    await tokens.save('user-1', await stale());
    sandbox.fault({ on: 'token', delay: 500 });
    const commands = async (): Promise<number> =>
      Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1]);
    const before = await commands();
    const started = Date.now();
    const token = tokens.accessToken('user-1');
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(await redis.del('criteo-lock:user-1')).to.equal(1);
    expect(await token).to.equal((await redisStore(redis).get('user-1'))?.accessToken);
    await tokens.close();
    expect(Date.now() - started).to.be.below(3000);
    expect((await commands()) - before).to.be.below(40);
    await close();
  });

  it('are compared and written in one step: of many writes of one version, one succeeds', async () => {
    const store = redisStore<{ version?: string }>(redis);
    const record = (version: string) => ({ version });
    for (let round = 0; round < 5; round += 1) {
      const before = (await store.get('race'))?.version;
      const writes = Array.from({ length: 20 }, (_, i) => store.compareAndSet('race', before, record(`${before}${i}`)));
      expect((await Promise.all(writes)).filter(Boolean)).to.have.length(1);
    }
    const version = (await store.get('race'))?.version ?? '';
    expect(await store.compareAndSet('race', undefined, record('new'))).to.equal(false);
    expect(await store.compareAndSet('race', 'another', undefined)).to.equal(false);
    expect(await store.compareAndSet('race', version, undefined)).to.equal(true);
    expect(await store.compareAndSet('race', version, record('late'))).to.equal(false);
    await store.set('old', {});
    expect(await store.compareAndSet('old', '', record('new'))).to.equal(true);
    await store.delete('old');
    expect(await store.get('old')).to.equal(undefined);
  });
});
