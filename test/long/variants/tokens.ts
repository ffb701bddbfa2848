import { expect } from 'chai';
import { type TokenLock, TokenStoreError } from '../../../lib/index';
import { promised } from './promises';
import { type Behaviours, codeOf, day, listed, minute } from './world';

/** Long enough that every access token has expired. */
const quarter = 16 * minute;

/** Tokens for months: refreshes, calls of the API, the app's own token. */
export const tokens: Behaviours = {
  'a connection works for months, and in another process': async (world) => {
    const store = new Map();
    const source = world.source({ store });
    await source.save('ada', await world.connect());
    const pauses = [quarter, quarter, 100 * day, quarter];
    for (const pause of pauses) {
      world.clock.pass(pause);
      expect(await listed(await source.fetch('ada', world.path))).to.have.length.above(9);
      expect((await source.status('ada'))?.hasRefreshToken).to.equal(true);
    }
    expect(world.tokenRequests('refresh_token')).to.equal(pauses.length);
    world.clock.pass(quarter);
    await listed(await world.source({ store }).fetch('ada', world.path));
  },

  'the strategy refreshes tokens too': async (world) => {
    const { refreshToken = '', accessToken } = await world.connect();
    const fresh = await world.strategy().refresh(refreshToken);
    expect(fresh.accessToken).to.be.a('string').and.not.equal(accessToken);
    world.afterTheMinute();
    expect(await world.portfolio(fresh.accessToken)).to.deep.equal(world.ids());
  },

  'many callers in two processes with a lock share one refresh': async (world) => {
    let last: Promise<unknown> = Promise.resolve();
    const lock: TokenLock = (_key, work) => {
      const next = last.then(() => work());
      last = next.catch(() => {});
      return next;
    };
    const store = new Map();
    const [one, other] = [world.source({ store, lock }), world.source({ store, lock })];
    await one.save('ada', await world.connect());
    for (const round of [1, 2]) {
      world.clock.pass(quarter);
      const callers = [one, other, one, other].map((source) => source.accessToken('ada'));
      expect(new Set(await Promise.all(callers)).size).to.equal(1);
      expect(world.tokenRequests('refresh_token')).to.equal(round);
    }
  },

  'the option force returns another access token, which works': async (world) => {
    const source = world.source();
    const { accessToken, ...rest } = await world.connect();
    await source.save('ada', { accessToken, ...rest });
    world.afterTheMinute();
    const second = await source.accessToken('ada', { force: accessToken });
    expect(second).to.not.equal(accessToken);
    expect(await source.accessToken('ada', { force: accessToken })).to.equal(second);
    world.clock.pass(2_000);
    const third = await source.accessToken('ada', { force: true });
    expect(third).to.not.equal(second);
    expect(await world.portfolio(third)).to.deep.equal(world.ids());
  },

  'an access token that Criteo rejects is refreshed, and the call is repeated': async (world) => {
    const source = world.source();
    await source.save('ada', await world.connect());
    // Only Criteo's clock moves, so the app still considers its token valid.
    world.sandbox.advance(quarter);
    world.sandbox.clearRequests();
    expect(await listed(await source.fetch('ada', world.path))).to.have.length.above(9);
    const calls = world.sandbox.requests.map(({ path, status }) => `${path} ${status}`);
    expect(calls).to.deep.equal([`${world.path} 401`, '/oauth2/token 200', `${world.path} 200`]);
  },

  'a call beyond the rate limit is repeated after the reset, or its response is returned if that is too late': async (
    world,
  ) => {
    const source = world.source();
    await source.save('cleo', await world.connect({ user: 'Cleo' }));
    world.clock.pass(2 * minute);
    world.clock.stop(30_000);
    const calls = promised(world.row, 'loginRateLimit');
    for (let call = 0; call < calls; call += 1) await listed(await source.fetch('cleo', world.path));
    world.sandbox.clearRequests();
    expect((await source.fetch('cleo', world.path, { timeout: 20_000 })).status).to.equal(429);
    world.clock.pass(29_900);
    const [first] = world.sandbox.requests;
    const repeated = source.fetch('cleo', world.path, { timeout: 20_000 });
    await world.sandbox.waitForRequest({ status: 429, after: first?.id });
    // The library waits for a second of its own clock, while Criteo's minute ends.
    world.clock.pass(minute);
    expect(await listed(await repeated)).to.deep.equal(world.ids('Cleo'));
    expect(world.sandbox.requests.map(({ status }) => status)).to.deep.equal([429, 429, 200]);
  },

  'the app’s own token is requested once for all callers, and again after it has expired': async (world) => {
    const { clientID, clientSecret } = world.sandbox.app;
    const source = world.source({
      client: world.client({ clientID, clientSecret }),
      grant: 'client_credentials',
    });
    for (const round of [1, 2]) {
      const answers = [1, 2, 3].map(async () => listed(await source.fetch(undefined, world.path)));
      expect(await Promise.all(answers)).to.deep.equal([[], [], []]);
      expect(world.tokenRequests('client_credentials')).to.equal(round);
      world.clock.pass(quarter);
    }
  },

  'wrong credentials do not end a connection': async (world) => {
    const store = new Map();
    const ended: string[] = [];
    const onReauthorizationRequired = (key: string) => ended.push(key);
    const { clientID } = world.sandbox.app;
    const client = world.client({ clientID, clientSecret: 'wrong' });
    await world.source({ store }).save('ada', await world.connect());
    world.clock.pass(quarter);
    const wrong = world.source({ store, client, onReauthorizationRequired });
    expect(await codeOf(wrong.accessToken('ada'))).to.equal(promised(world.row, 'clientError'));
    await listed(await world.source({ store }).fetch('ada', world.path));
    expect(ended).to.deep.equal([]);
  },

  'another key pair is rejected as client_mismatch without a token request, and does not end the connection': async (
    world,
  ) => {
    const store = new Map();
    const source = world.source({ store });
    await source.save('ada', await world.connect());
    world.clock.pass(quarter);
    const [, pair = { clientID: '', clientSecret: '' }] = world.sandbox.apps[0]?.keys ?? [];
    const leavesOut = !('clientSecret' in world.credentials);
    const other = world.client(leavesOut ? { clientID: pair.clientID } : pair);
    const failed = await world
      .source({ store, client: other })
      .accessToken('ada')
      .catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(TokenStoreError).and.include({ code: 'client_mismatch' });
    expect(world.tokenRequests('refresh_token')).to.equal(0);
    await listed(await source.fetch('ada', world.path));
    const { refreshToken = '' } = (await store.get('ada')) as { refreshToken?: string };
    expect(await codeOf(other.refresh(refreshToken))).to.equal(promised(world.row, 'keyPair'));
  },
};
