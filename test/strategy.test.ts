import url from 'node:url';
import { inspect } from 'node:util';
import { expect } from 'chai';
import nock from 'nock';
import OAuth2Strategy from 'passport-oauth2';
import type { Login } from '../lib/login/verify';
import { SessionStateStore } from '../lib/state/session-store';
import { CriteoStrategy } from '../lib/strategy';
import { documented } from './support/documented';
import { rejection } from './support/errors';
import { authenticate, expectOneOutcomeEach } from './support/passport';
import { app, construct, deepFreeze, locationOf, Stubbed, stubbed, successOf, user, Visitor } from './support/strategy';

const four = (_a: unknown, _b: unknown, _c: unknown, _d: unknown) => {};

describe('CriteoStrategy', () => {
  expectOneOutcomeEach();

  it('is a passport-oauth2 strategy with the name criteo', () => {
    const strategy = construct(app, four);
    expect(strategy).to.be.instanceOf(OAuth2Strategy);
    expect(strategy.name).to.equal('criteo');
  });

  it('uses the option name', () => {
    expect(construct({ ...app, name: 'criteo-retail' }, four).name).to.equal('criteo-retail');
  });

  it('accepts one object that contains verify', () => {
    expect(new CriteoStrategy({ ...app, verify: () => user })).to.be.instanceOf(CriteoStrategy);
  });

  it('accepts state: true and store: true, which passport-oauth2 needs', async () => {
    const strategy = stubbed({ state: true, store: true });
    expect(successOf(await new Visitor().login(strategy)).user).to.equal(user);
  });

  it('does not change its options, even those inside', async () => {
    const options = {
      ...app,
      pkce: true,
      customHeaders: { 'X-Trace': '1' },
      store: new SessionStateStore(),
      verify: () => user,
    };
    const before = inspect(options, { depth: 5 });
    const strategy = stubbed(deepFreeze(options));
    const call = deepFreeze({ state: { deep: { er: 1 } }, callbackURL: 'https://other.example/cb', session: false });
    const visitor = new Visitor();
    const query = { code: 'c', state: await visitor.handle(strategy, call) };
    const { info } = successOf(await visitor.finish(strategy, query, call));
    expect(info).to.deep.equal({ state: { deep: { er: 1 } } });
    expect(inspect(options, { depth: 5 })).to.equal(before);
  });

  it('ignores later changes of its options', async () => {
    const options = { ...app, customHeaders: { 'X-Trace': '1' } };
    const strategy = stubbed(options, four);
    options.callbackURL = 'https://evil.example/cb';
    options.clientID = 'evil';
    const url = await new Visitor().begin(strategy);
    expect(url.searchParams.get('redirect_uri')).to.equal(app.callbackURL);
    expect(url.searchParams.get('client_id')).to.equal(app.clientID);
  });

  it('reads inherited options', () => {
    expect(construct(Object.create({ ...app, name: 'heir' }), four).name).to.equal('heir');
  });

  it('keeps the logins of two strategies apart', async () => {
    const [one, two] = [stubbed({ name: 'one' }), stubbed({ name: 'two', clientID: 'client-2' })];
    const visitor = new Visitor();
    const first = await visitor.begin(one);
    const second = await visitor.begin(two);
    expect(second.searchParams.get('client_id')).to.equal('client-2');
    await visitor.finish(two, { code: 'b', state: second.searchParams.get('state') });
    await visitor.finish(one, { code: 'a', state: first.searchParams.get('state') });
    expect(one.asked.map(({ code }) => code)).to.deep.equal(['a']);
    expect(two.asked.map(({ code }) => code)).to.deep.equal(['b']);
  });

  it('keeps pending logins under the option sessionKey', async () => {
    const visitor = new Visitor();
    await visitor.begin(stubbed({ sessionKey: 'elsewhere' }));
    expect(Object.keys(visitor.session)).to.deep.equal(['elsewhere']);
  });

  it('uses the option authorizationURL', async () => {
    const strategy = stubbed({ authorizationURL: 'https://consent.example/ask' });
    expect((await new Visitor().begin(strategy)).host).to.equal('consent.example');
  });

  const wrong: [string, object, unknown, RegExp][] = [
    ['neither form of verify', app, undefined, /needs a verify function/],
    ['both forms of verify', { ...app, verify: () => user }, four, /verify was given twice/],
    ['a verify that is not a function', { ...app, verify: 'me' }, undefined, /the option verify must be a function/],
    [
      'the modern verify with passReqToCallback',
      { ...app, passReqToCallback: true, verify: () => user },
      undefined,
      /passReqToCallback is for/,
    ],
    ['options without a client id and a client secret', {}, four, /the option clientSecret|the option clientID/],
  ];
  for (const [name, options, verify, message] of wrong) {
    it(`throws an error for ${name}`, () => {
      expect(() => construct(options, verify)).to.throw(TypeError, message);
    });
  }

  for (const options of [undefined, null, 'app', four]) {
    it(`throws an error if the options are ${inspect(options)}`, () => {
      const build = () => Reflect.construct(CriteoStrategy, [options, four]);
      expect(build).to.throw(TypeError, 'needs an options object with clientID, clientSecret and callbackURL');
    });
  }

  it('keeps nothing of a request on itself if it is given to Passport as an instance, and its hooks see their own request', async () => {
    class Own extends CriteoStrategy {
      seen: unknown[] = [];
      override authorizationParams(): object {
        this.seen.push(this, Reflect.get(this, 'redirect'));
        return {};
      }
    }
    const strategy = new Own({ ...app, verify: () => user });
    const before = Object.keys(strategy);
    const visitor = new Visitor();
    const actions: unknown[] = [];
    for (const _ of [1, 2]) {
      await authenticate(strategy, visitor.request({ query: {} }), {}, 'as an instance');
      actions.push(Reflect.get(strategy, 'redirect'));
    }
    const [first, firstAction, second, secondAction] = strategy.seen;
    expect(first).to.not.equal(second);
    expect([firstAction, secondAction]).to.deep.equal(actions);
    expect(Reflect.get(first as object, 'redirect')).to.equal(actions[0]);
    // The properties that Passport writes are not enumerable.
    expect(Object.keys(strategy)).to.deep.equal(before);
  });

  it('shows its hooks what a subclass set for their own request if it is given to Passport as an instance', async () => {
    const seen: string[] = [];
    class Tenants extends Stubbed {
      declare tenant: string;
      override authenticate(...given: Parameters<Stubbed['authenticate']>): void {
        this.tenant = String(Object(given[0]).tenant);
        super.authenticate(...given);
      }
      override tokenParams(): object {
        seen.push(`exchanges for ${this.tenant}`);
        return {};
      }
      override userProfile(...given: Parameters<Stubbed['userProfile']>): void {
        seen.push(`loads for ${this.tenant}`);
        super.userProfile(...given);
      }
    }
    const strategy = new Tenants({ ...app, verify: () => user }).stub();
    // Enumerable and read-only: copying a strategy must not try to write to it.
    Object.defineProperty(strategy, 'note', { value: 1, enumerable: true });
    const finish = async (tenant: string): Promise<unknown> => {
      const visitor = new Visitor();
      const query = { code: tenant, state: await visitor.handle(strategy) };
      return authenticate(strategy, visitor.request({ query, tenant }), {}, 'as an instance');
    };
    await Promise.all([finish('ada'), finish('bob')]);
    expect(seen.sort()).to.deep.equal(['exchanges for ada', 'exchanges for bob', 'loads for ada', 'loads for bob']);
  });

  describe('with other URLs', () => {
    const api = documented('https://api.example');

    it('sends an access token only to the origins of apiURL, tokenURL and userProfileURL', async () => {
      const strategy = stubbed({
        apiURL: 'https://api.example',
        tokenURL: 'https://tokens.example/token',
        userProfileURL: 'https://profiles.example/me',
      });
      const get = (url: string) =>
        new Promise<unknown>((resolve) => strategy.oauth2.get(url, 'access-token', (error) => resolve(error)));
      for (const scope of [api(), nock('https://profiles.example'), nock('https://tokens.example')]) {
        scope.get('/x').matchHeader('authorization', 'Bearer access-token').reply(200, '{}');
      }
      expect(await get('https://api.example/x')).to.equal(null);
      expect(await get('https://profiles.example/x')).to.equal(null);
      expect(await get('https://tokens.example/x')).to.equal(null);
      expect(String(await get('https://elsewhere.example/x'))).to.match(/is not sent to https:\/\/elsewhere/);
    });
  });

  describe('with the responses that Criteo documents', () => {
    const criteo = documented();
    const tokens = { access_token: 'at-1', token_type: 'Bearer', expires_in: 900, refresh_token: 'rt-1' };
    const credentials = { client_id: app.clientID, client_secret: app.clientSecret };
    const advertiser = { type: 'advertiser', id: '13', attributes: { advertiserName: 'Ant' } };
    const profile = { provider: 'criteo', id: '13', displayName: 'Ant', advertisers: [{ id: '13', name: 'Ant' }] };
    const sharePortfolio = (): unknown =>
      criteo()
        .get('/2026-07/advertisers/me')
        .matchHeader('authorization', 'Bearer at-1')
        .reply(200, { data: [advertiser], errors: [], warnings: [] });

    it('gives the tokens and the shared portfolio to verify', async () => {
      let login: Login | undefined;
      const verify = (given: Login) => {
        login = given;
        return user;
      };
      const strategy = construct({ ...app, verify });
      const visitor = new Visitor();
      const state = await visitor.handle(strategy);
      criteo()
        .post('/oauth2/token', (form) => form.code === 'code-1')
        .reply(200, tokens);
      sharePortfolio();
      successOf(await visitor.finish(strategy, { code: 'code-1', state }));
      expect(login?.tokens).to.include({ accessToken: 'at-1', refreshToken: 'rt-1' });
      expect(login?.profile).to.deep.include(profile);
    });

    it('fetches the portfolio for a subclass that calls super.userProfile to add to it', async () => {
      class Own extends CriteoStrategy {
        override userProfile(...[accessToken, done]: Parameters<CriteoStrategy['userProfile']>): void {
          super.userProfile(accessToken, (error, profile) =>
            done(error, profile && { ...profile, displayName: 'Own' }),
          );
        }
      }
      const strategy = new Own({ ...app, verify: () => user });
      sharePortfolio();
      const [error, found] = await new Promise<unknown[]>((resolve) =>
        strategy.userProfile('at-1', (...answer) => resolve(answer)),
      );
      expect(error).to.equal(null);
      expect(found).to.deep.include({ ...profile, displayName: 'Own' });
    });

    it('refreshes tokens', async () => {
      const form = { grant_type: 'refresh_token', refresh_token: 'rt-0', ...credentials };
      criteo().post('/oauth2/token', form).reply(200, tokens);
      const fresh = await construct(app, four).refresh('rt-0');
      expect(fresh).to.include({ accessToken: 'at-1', refreshToken: 'rt-1' });
    });

    for (const refreshToken of [undefined, null, '', 7]) {
      it(`rejects ${inspect(refreshToken)} as a refresh token, and sends no request`, async () => {
        const error = await rejection(construct(app, four).refresh(refreshToken as string), TypeError);
        expect(error.message).to.equal('CriteoStrategy.refresh: refreshToken must be a non-empty string');
      });
    }
  });

  it('is constructed without url.parse, of which node.js 24 and later warn if the app is bundled', () => {
    const { parse } = url;
    let calls = 0;
    const counted = (...given: Parameters<typeof parse>) => {
      calls += 1;
      return Reflect.apply(parse, url, given);
    };
    Object.assign(url, { parse: counted });
    try {
      construct(app, four);
    } finally {
      url.parse = parse;
    }
    expect(calls).to.equal(0);
  });

  it('works if the strategy object is frozen', async () => {
    const strategy = Object.freeze(stubbed());
    const visitor = new Visitor();
    expect(locationOf({ kind: 'redirect', args: [(await visitor.begin(strategy)).href] }).host).to.equal(
      'consent.criteo.com',
    );
    expect((await visitor.login(strategy)).kind).to.equal('success');
  });
});
