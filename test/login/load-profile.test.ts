import { expect } from 'chai';
import { CriteoAPIError } from '../../lib/errors';
import { boom, misbehaviours, quick, timeout } from '../support/misbehaviours';
import { expectOneOutcomeEach } from '../support/passport';
import {
  type Answer,
  errorOf,
  failureOf,
  type Stubbed,
  stubbed,
  successOf,
  tokens,
  user,
  Visitor,
} from '../support/strategy';

describe('CriteoStrategy, at the profile', () => {
  expectOneOutcomeEach();
  let visitor: Visitor;
  beforeEach(() => {
    visitor = new Visitor();
  });

  describe('skipUserProfile', () => {
    const skips: [string, unknown, boolean][] = [
      ['true', true, true],
      ['false', false, false],
      ['a function that returns true', () => true, true],
      ['a function that returns false', () => false, false],
      ['a function of one parameter that returns true', (_unused: unknown) => true, true],
      ['a function that promises true', async () => true, true],
      ['a function that calls back with true', (_token: unknown, done: Answer) => done(null, true), true],
      [
        'a function that calls back with false later',
        (_token: unknown, done: Answer) => setTimeout(done, 1, null, false),
        false,
      ],
      ['an async function that calls back with true', async (_token: unknown, done: Answer) => done(null, true), true],
    ];
    for (const [name, skipUserProfile, skipped] of skips) {
      it(`as ${name} ${skipped ? 'skips' : 'loads'} the profile`, async () => {
        const strategy = stubbed({ skipUserProfile });
        successOf(await visitor.login(strategy));
        expect(strategy.profiled).to.have.length(skipped ? 0 : 1);
      });
    }

    it('is called on the strategy, with the access token', async () => {
      let seen: unknown[] = [];
      const strategy = stubbed({
        skipUserProfile(this: Stubbed, token: unknown, done: Answer) {
          seen = [this.name, token];
          done(null, true);
        },
      });
      successOf(await visitor.login(strategy));
      expect(seen).to.deep.equal(['criteo', tokens.access]);
      successOf(
        await visitor.login(
          stubbed({
            skipUserProfile(this: Stubbed) {
              return this.name === 'criteo';
            },
          }),
        ),
      );
    });

    for (const [name, act, check] of misbehaviours) {
      it(`that ${name} ends the login with an error`, async () => {
        const strategy = stubbed({ timeout, skipUserProfile: (_token: unknown, done: Answer) => act(done) });
        check(errorOf(await visitor.login(strategy)), 'skipUserProfile');
        expect(strategy.profiled).to.have.length(0);
      });
    }
  });

  describe('userProfile', () => {
    for (const [name, act, check] of quick) {
      it(`that ${name} ends the login with an error`, async function () {
        this.timeout(3_000);
        const strategy = stubbed({ timeout });
        strategy.profile = act;
        check(errorOf(await visitor.login(strategy)), 'userProfile');
      });

      it(`that ${name} does not end the login if requireUserProfile is false`, async function () {
        this.timeout(3_000);
        const seen: { profile: unknown; profileError: unknown }[] = [];
        const verify = (login: { profile: unknown; profileError: unknown }) => {
          seen.push(login);
          return user;
        };
        const strategy = stubbed({ timeout, requireUserProfile: false, verify });
        strategy.profile = act;
        successOf(await visitor.login(strategy));
        expect(seen).to.have.length(1);
        expect(seen[0]?.profile).to.equal(undefined);
        check(seen[0]?.profileError as Error, 'userProfile');
      });
    }

    it('that calls back twice counts once', async () => {
      const seen: unknown[] = [];
      const strategy = stubbed({ verify: ({ profile }: { profile: unknown }) => seen.push(profile) && user });
      strategy.profile = (done) => [done(null, { id: '1' }), done(null, { id: '2' }), done(boom)];
      successOf(await visitor.login(strategy));
      expect(seen).to.deep.equal([{ id: '1' }]);
    });

    for (const profile of [undefined, null, 7, 'me', []]) {
      it(`may return ${JSON.stringify(profile)} as the profile`, async () => {
        let seen: unknown = boom;
        const strategy = stubbed({
          verify: (login: { profile: unknown }) => {
            seen = login.profile;
            return user;
          },
        });
        strategy.profile = (done) => done(null, profile);
        successOf(await visitor.login(strategy));
        expect(seen).to.equal(profile);
      });
    }

    const none = new CriteoAPIError('nothing shared', { code: 'no_advertisers', status: 403 });

    it('that finds no shared advertiser fails the login with no_advertisers', async () => {
      const strategy = stubbed();
      strategy.profile = (done) => done(none);
      const failed = failureOf(await visitor.login(strategy, { state: 's' }));
      expect(failed).to.deep.equal({ code: 'no_advertisers', message: 'nothing shared', state: 's', status: 403 });
    });

    it('that finds no shared advertiser does not fail the login if requireUserProfile is false', async () => {
      const strategy = stubbed({ requireUserProfile: false });
      strategy.profile = (done) => done(none);
      successOf(await visitor.login(strategy));
    });

    it('that fails, or finds no shared advertiser, does not end a login by passport.authorize', async () => {
      const authorize = { assignProperty: 'account' };
      for (const reason of [
        none,
        new CriteoAPIError('down', { code: 'internal-error', status: 503, retryable: true }),
      ]) {
        const seen: unknown[] = [];
        const verify = (login: object) => seen.push(login) && user;
        const strategy = stubbed({ verify });
        strategy.profile = (done) => done(reason);
        const state = await visitor.handle(strategy, authorize);
        successOf(await visitor.finish(strategy, { code: 'c', state }, authorize));
        expect(seen).to.have.length(1);
        expect(seen[0]).to.include({ profile: undefined, profileError: reason });
        expect(seen[0]).to.have.nested.property('tokens.accessToken', tokens.access);
        // There is no reason to start again: the app has the tokens.
        expect(reason.message).not.to.match(/start/i);
      }
    });

    it('that fails does not end a login by passport.authorize with a store that does not keep the purpose', async () => {
      const store = {
        store: (_req: unknown, done: Answer) => done(null, 'handle'),
        verify: (_req: unknown, _handle: unknown, done: Answer) => done(null, true),
      };
      const strategies = [stubbed({ store }), stubbed({ store })] as const;
      for (const each of strategies) each.profile = (done) => done(none);
      const query = { code: 'c', state: 'handle' };
      successOf(await visitor.finish(strategies[0], query, { assignProperty: 'account' }));
      expect(failureOf(await visitor.finish(strategies[1], query)).code).to.equal('no_advertisers');
    });

    it('that finds no shared advertiser fails a login by passport.authorize if requireUserProfile is true', async () => {
      const authorize = { assignProperty: 'account' };
      const strategy = stubbed({ requireUserProfile: true });
      strategy.profile = (done) => done(none);
      const state = await visitor.handle(strategy, authorize);
      const failed = failureOf(await visitor.finish(strategy, { code: 'c', state }, authorize));
      expect(failed.code).to.equal('no_advertisers');
    });

    it('that fails ends a login by passport.authenticate with an error that says once to start again', async () => {
      const down = new CriteoAPIError('api.criteo.com is down', {
        code: 'internal-error',
        status: 503,
        retryable: true,
      });
      const strategy = stubbed();
      strategy.profile = (done) => done(down);
      for (let login = 0; login < 2; login += 1) {
        const error = errorOf(await visitor.login(strategy));
        expect(error).to.equal(down).and.include({ retryable: true });
        expect(error.message).to.equal('api.criteo.com is down. Start the login again.');
        expect(error.stack).to.match(/^CriteoAPIError: api\.criteo\.com is down\. Start the login again\.\n/);
      }
    });

    it('that fails with another refusal of Criteo ends the login with that error', async () => {
      const revoked = new CriteoAPIError('revoked', { code: 'forbidden', status: 403 });
      const strategy = stubbed();
      strategy.profile = (done) => done(revoked);
      expect(errorOf(await visitor.login(strategy))).to.equal(revoked);
    });

    it('that fails with an error of the app’s own ends the login with that error, as it is', async () => {
      const strategy = stubbed();
      strategy.profile = (done) => done(Object.assign(new Error('no database'), { retryable: true }));
      expect(errorOf(await visitor.login(strategy)).message).to.equal('no database');
    });
  });
});
