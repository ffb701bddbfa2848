import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { createSandbox, type Sandbox } from '../../lib/sandbox';
import { CookieClient, type Page } from '../support/cookie-client';
import { forward } from '../support/proxy';
import type { Told } from './fixtures/example';
import { type Redis, startRedis } from './redis';

/** One running copy of the example. */
interface Copy {
  port: number;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
}

async function start(told: Told): Promise<Copy> {
  const child: ChildProcess = fork(join(__dirname, 'fixtures/example.ts'), { execArgv: ['--require', 'tsx/cjs'] });
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`The example ended with ${code}`);
  });
  died.catch(() => {});
  child.send(told);
  const [port] = await Promise.race([once(child, 'message'), died]);
  return {
    port: Number(port),
    async kill() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

describe('The example app, in several processes behind one address,', () => {
  let sandbox: Sandbox;
  let redis: Redis;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis.stop());

  let front: Server;
  /** The copy that gets the next requests. */
  let turn: Copy;
  let origin: string;
  let client: CookieClient;
  let told: Told;
  const copies: Copy[] = [];
  beforeEach(async () => {
    sandbox = await createSandbox();
    front = createServer(forward(() => turn.port)).listen(0, '127.0.0.1');
    await once(front, 'listening');
    origin = `http://localhost:${(front.address() as AddressInfo).port}`;
    const { clientID, clientSecret } = sandbox.app;
    const callbackURL = `${origin}/criteo-auth/callback`;
    told = { criteo: { clientID, clientSecret, ...sandbox.endpoints, callbackURL } };
    client = new CookieClient();
  });
  afterEach(async () => {
    front.close();
    front.closeAllConnections();
    await Promise.all([sandbox.close(), ...copies.splice(0).map((copy) => copy.kill())]);
  });

  const copy = async (with_: Partial<Told>): Promise<Copy> => {
    const started = await start({ ...told, ...with_ });
    copies.push(started);
    return started;
  };
  const crash = async (victim: Copy): Promise<void> => {
    copies.splice(copies.indexOf(victim), 1);
    await victim.kill();
  };
  const begin = async (): Promise<string> => (await client.get(`${origin}/criteo-auth`)).location;
  const finish = async (consentPage: string): Promise<Page> =>
    client.get(await sandbox.approve(consentPage), { from: consentPage });
  const expectSignedIn = async (page: Page): Promise<void> => {
    expect(page.location, page.body).to.equal(`${origin}/dashboard`);
    expect((await client.get(page.location)).status).to.equal(200);
    expect(sandbox.requests.filter(({ path }) => path === '/oauth2/token')).to.have.lengthOf(1);
  };

  const ways: [string, () => Partial<Told>][] = [
    ['with sessions in Redis', () => ({ redis: redis.url })],
    ['with pending logins in cookies', () => ({ cookies: 'the same in every process, for tests only' })],
  ];
  for (const [way, options] of ways) {
    describe(way, () => {
      it('finishes in one process a login that was started in another', async () => {
        const [one, other] = await Promise.all([copy(options()), copy(options())]);
        turn = one;
        const consentPage = await begin();
        turn = other;
        await expectSignedIn(await finish(consentPage));
      });

      it('loses no login if the process where it started is killed and restarted', async () => {
        turn = await copy(options());
        const consentPage = await begin();
        await crash(turn);
        turn = await copy(options());
        await expectSignedIn(await finish(consentPage));
      });

      it('finishes a login once, whichever process gets the callback', async () => {
        const [one, other] = await Promise.all([copy(options()), copy(options())]);
        turn = one;
        const consentPage = await begin();
        const callback = await sandbox.approve(consentPage);
        await expectSignedIn(await client.get(callback, { from: consentPage }));
        turn = other;
        const again = await client.get(callback, { from: consentPage });
        expect(again.body).to.contain('state_unknown');
        expect(sandbox.requests.filter(({ path }) => path === '/oauth2/token')).to.have.lengthOf(1);
      });
    });
  }

  it('loses a login if each process has its sessions in memory, and says why', async () => {
    const [one, other] = await Promise.all([copy({}), copy({})]);
    turn = one;
    const consentPage = await begin();
    turn = other;
    const page = await finish(consentPage);
    expect(page.body).to.contain('state_unknown').and.contain('a store that all processes share');
  });
});
