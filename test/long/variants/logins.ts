import { expect } from 'chai';
import type { CriteoProfile, Login } from '../../../lib/index';
import type { Outcome } from '../../support/passport';
import { errorOf, failureOf, locationOf, successOf } from '../../support/strategy';
import { promised } from './promises';
import { type Behaviours, Browser, cookies, idsOf, optionsOf, type Purpose, queryOf, type World } from './world';

const state = { returnTo: '/reports' };

/** Logins: start, callback, exchange, portfolio. */
export const logins: Behaviours = {
  'a user signs in, with the pending login in the session': (world) => signsIn(world, 'authenticate'),

  'a user signs in, with the pending login in a cookie': (world) => signsIn(world, 'authenticate', cookies()),

  'a user connects, with the pending login in the session': (world) => signsIn(world, 'authorize'),

  'a user connects, with the pending login in a cookie': (world) => signsIn(world, 'authorize', cookies()),

  'a user who declines is not signed in, without a token request, and the next login succeeds': async (world) => {
    for (const store of [undefined, cookies()]) {
      const [strategy, browser] = [world.strategy({ store }), new Browser()];
      const started = locationOf(await browser.open(strategy, {}, { state }));
      const back = await world.decide('deny', started);
      world.sandbox.clearRequests();
      const info = failureOf(await browser.open(strategy, queryOf(back as URL), { state }));
      const code = promised(world.row, 'stateOnError');
      expect(info['code']).to.equal(code);
      if (code === 'access_denied') {
        expect(info['error']).to.equal(promised(world.row, 'denialError'));
        expect(info['message']).to.equal(promised(world.row, 'denialDescription'));
        expect(info['state']).to.deep.equal(state);
      }
      expect(world.sandbox.requests).to.deep.equal([]);
      successOf((await world.login({ strategy, browser, purpose: 'authorize' })) as Outcome);
      await world.sandbox.revoke();
    }
  },

  'a denial in one tab does not end the login in another': async (world) => {
    for (const store of [undefined, cookies()]) {
      const [strategy, browser] = [world.strategy({ store }), new Browser()];
      const options = optionsOf('authorize');
      const tab = locationOf(await browser.open(strategy, {}, options));
      const other = locationOf(await browser.open(strategy, {}, options));
      const denied = await world.decide('deny', other);
      failureOf(await browser.open(strategy, queryOf(denied as URL), options));
      const approved = await world.decide('approve', tab);
      successOf(await browser.open(strategy, queryOf(approved as URL), options));
      await world.sandbox.revoke();
    }
  },

  'a repeated callback sends the code once, and the tokens of the first stay valid': async (world) => {
    for (const store of [undefined, cookies()]) {
      const [strategy, browser, options] = [world.strategy({ store }), new Browser(), optionsOf('authorize')];
      const started = locationOf(await browser.open(strategy, {}, options));
      const query = queryOf((await world.decide('approve', started)) as URL);
      const twin = browser.copy();
      world.sandbox.clearRequests();
      const { user } = successOf(await browser.open(strategy, query, options));
      expect(failureOf(await browser.open(strategy, query, options))['code']).to.equal('state_unknown');
      // A double click: the browser still has the cookies from before the first callback.
      expect(failureOf(await twin.open(strategy, query, options))['code']).to.equal('state_unknown');
      expect(world.tokenRequests('authorization_code')).to.equal(1);
      world.afterTheMinute();
      expect(await world.portfolio((user as Login).tokens.accessToken)).to.deep.equal(world.ids());
      await world.sandbox.revoke();
    }
  },

  'a strategy whose option pkce differs from the app’s switch connects only if Criteo ignores the difference': async (
    world,
  ) => {
    const pkce = world.row.pkce === 'off';
    const { clientSecret } = world.sandbox.app;
    const outcome = await world.login({ strategy: world.strategy({ pkce, clientSecret }), purpose: 'authorize' });
    const seen = pkce ? promised(world.row, 'pkceWithoutSwitch') : 'no way back';
    if (seen === 'no way back') expect(outcome).to.equal(undefined);
    else successOf(outcome as Outcome);
  },

  'a wrong client secret is an error of the app, not of the user': async (world) => {
    const outcome = await world.login({ strategy: world.strategy({ clientSecret: 'wrong' }) });
    const { code, status, reauthorize, retryable, message } = errorOf(outcome as Outcome);
    expect(code).to.equal(promised(world.row, 'clientError'));
    expect([status, reauthorize, retryable]).to.deep.equal([500, false, false]);
    expect(message)
      .to.match(/Partners Portal/)
      .and.not.contain('wrong');
  },

  'a user who shares nothing is not signed in, and a connection gets its tokens without a portfolio': async (world) => {
    const nothing = { advertisers: [] };
    expect(failureOf((await world.login(nothing)) as Outcome)['code']).to.equal('no_advertisers');
    await world.sandbox.revoke();
    const connected = successOf((await world.login({ ...nothing, purpose: 'authorize' })) as Outcome);
    const { profile, profileError, tokens } = connected.user as Login;
    expect(profile).to.equal(undefined);
    expect(Object(profileError).code).to.equal('no_advertisers');
    expect(tokens.refreshToken).to.be.a('string');
  },

  'a large portfolio is complete, with exact ids, for any page size': async (world) => {
    const tokens = await world.connect({ user: 'Dan' });
    world.afterTheMinute();
    const ids = world.ids('Dan');
    expect(ids).to.have.length(60);
    expect(await world.portfolio(tokens.accessToken)).to.have.members(ids);
  },

  'a rate limit on the portfolio does not end a login that connects': async (world) => {
    world.sandbox.fault({ on: 'api', rateLimit: true, times: 'always' });
    const { user } = successOf((await world.login({ purpose: 'authorize' })) as Outcome);
    const { tokens, profile, profileError } = user as Login;
    expect([profile, Object(profileError).code]).to.deep.equal([undefined, promised(world.row, 'tooManyRequestsBody')]);
    expect(profileError).to.include({ status: 503, retryable: true });
    world.sandbox.clearFaults();
    world.afterTheMinute();
    expect(await world.portfolio(tokens.accessToken)).to.deep.equal(world.ids());
  },
};

/** Signs in or connects. While the portfolio is empty, only connecting succeeds. */
async function signsIn(world: World, purpose: Purpose, store?: object): Promise<void> {
  const [strategy, browser, options] = [world.strategy({ store }), new Browser(), optionsOf(purpose, state)];
  if (purpose === 'authorize') browser.user = { id: 'member-1' };
  const started = locationOf(await browser.open(strategy, {}, options));
  const back = await world.decide('approve', started);
  const outcome = await browser.open(strategy, queryOf(back as URL), options);
  const seen = promised(world.row, 'portfolioAfterConsent');
  if (purpose === 'authenticate' && seen !== 'the whole portfolio') {
    const { code, state: own } = failureOf(outcome);
    expect([code, own]).to.deep.equal([seen, state]);
    return;
  }
  const { user, info } = successOf(outcome);
  const { tokens, profile, profileError, state: own } = user as Login;
  expect([own, Object(info).state]).to.deep.equal([state, state]);
  expect(tokens.refreshToken).to.be.a('string');
  expect(tokens.expiresAt - tokens.obtainedAt).to.equal(900_000);
  if (seen === 'the whole portfolio') {
    expect(idsOf(profile as CriteoProfile)).to.deep.equal(world.ids());
    return;
  }
  expect([profile, Object(profileError).code]).to.deep.equal([undefined, seen]);
  world.afterTheMinute();
  expect(await world.portfolio(tokens.accessToken)).to.deep.equal(world.ids());
}
