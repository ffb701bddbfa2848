import { expect } from 'chai';
import express from 'express';
import { Passport } from 'passport';
import { CriteoAPIError } from '../../lib/errors';
import type { Login } from '../../lib/login/verify';
import { createSandbox, type Sandbox } from '../../lib/sandbox';
import { CriteoStrategy } from '../../lib/strategy';
import { httpServers } from '../support/http-server';
import { expectOneOutcomeEach } from '../support/passport';
import { app, construct, errorOf, failureOf, locationOf, successOf, user, Visitor } from '../support/strategy';
import { warningsOf } from '../support/warnings';

describe('CriteoStrategy', () => {
  expectOneOutcomeEach();
  let visitor: Visitor;
  beforeEach(() => {
    visitor = new Visitor();
  });

  describe('against the sandbox', () => {
    let sandbox: Sandbox;
    const listen = httpServers();
    afterEach(() => sandbox.close());
    const start = async (options: Parameters<typeof createSandbox>[0] = {}) => {
      sandbox = await createSandbox({ portfolio: 3, ...options });
    };
    const strategyOf = (options: object = {}, verify: unknown = undefined) =>
      construct(
        {
          ...sandbox.app,
          ...sandbox.endpoints,
          callbackURL: app.callbackURL,
          ...(verify ? {} : { verify: ({ profile }: Login) => profile }),
          ...options,
        },
        verify,
      );
    const consent = async (strategy: object, options: object = {}): Promise<object> => {
      const url = await visitor.begin(strategy, options);
      return Object.fromEntries(new URL(await sandbox.approve(url)).searchParams);
    };
    const asked = (path: RegExp) => sandbox.requests.filter((request) => path.test(request.path));

    it('signs in with a portfolio of Marketing Solutions, on one connection', async () => {
      await start();
      const strategy = strategyOf();
      const profile = successOf(await visitor.finish(strategy, await consent(strategy))).user;
      expect(profile).to.deep.include({ provider: 'criteo', service: 'marketing-solutions', accounts: [] });
      expect(profile).to.have.property('advertisers').with.length(3);
      expect(asked(/^\/oauth2\/token$/)).to.have.length(1);
      const [token] = asked(/^\/oauth2\/token$/);
      expect(token?.form).to.include({ client_secret: sandbox.app.clientSecret, redirect_uri: app.callbackURL });
      expect(asked(/advertisers\/me$/)).to.have.length(1);
    });

    it('signs in with the profile of a subclass that changes the original one', async () => {
      await start();
      class Named extends CriteoStrategy {
        override userProfile(accessToken: string, done: Parameters<CriteoStrategy['userProfile']>[1]): void {
          super.userProfile(accessToken, (error, profile) => {
            done(error, profile && { ...profile, displayName: `${profile.advertisers.length} advertisers` });
          });
        }
      }
      const strategy = new Named({
        ...sandbox.app,
        ...sandbox.endpoints,
        callbackURL: app.callbackURL,
        requireUserProfile: true,
        verify: ({ profile }) => profile,
      });
      const { user } = successOf(await visitor.finish(strategy, await consent(strategy)));
      expect(user).to.deep.include({ provider: 'criteo', displayName: '3 advertisers' });
      const again = await consent(strategy);
      sandbox.fault({ on: 'api', status: 403 });
      expect(errorOf(await visitor.finish(strategy, again))).to.be.instanceOf(CriteoAPIError);
    });

    it('signs in with accounts of Retail Media', async () => {
      await start({ app: { service: 'retail-media' } });
      const strategy = strategyOf({ service: 'retail-media' });
      const profile = successOf(await visitor.finish(strategy, await consent(strategy))).user;
      expect(profile).to.deep.include({ service: 'retail-media', advertisers: [] });
      expect(profile).to.have.property('accounts').with.length(3);
    });

    it('signs in with PKCE without sending a client secret', async () => {
      await start({ app: { pkce: true } });
      const strategy = strategyOf({ pkce: true, clientSecret: undefined });
      const outcome = await visitor.finish(strategy, await consent(strategy));
      const [token] = asked(/^\/oauth2\/token$/);
      expect(token?.form).not.to.have.property('client_secret');
      expect(token?.form['code_verifier']).to.match(/^[\w-]{43}$/);
      successOf(outcome);
    });

    it('fails with the app’s state, without a token request, if the user declines', async () => {
      await start();
      const strategy = strategyOf();
      const back = await sandbox.deny(await visitor.begin(strategy, { state: 's' }));
      const failed = failureOf(await visitor.finish(strategy, Object.fromEntries(new URL(back).searchParams)));
      expect(failed).to.include({ code: 'access_denied', state: 's' });
      expect(asked(/token/)).to.have.length(0);
    });

    it('fails with no_advertisers for an empty portfolio', async () => {
      await start();
      const strategy = strategyOf();
      const body = { data: [], errors: [], warnings: [] };
      sandbox.fault({ on: 'api', status: 200, body });
      expect(failureOf(await visitor.finish(strategy, await consent(strategy)))).to.include({
        code: 'no_advertisers',
        status: 403,
      });
    });

    it('passes the reason to verify if the profile cannot be fetched and requireUserProfile is false', async () => {
      await start();
      let login: Login | undefined;
      const verify = (given: Login) => {
        login = given;
        return user;
      };
      const strategy = strategyOf({ requireUserProfile: false, verify });
      sandbox.fault({ on: 'api', status: 403 });
      successOf(await visitor.finish(strategy, await consent(strategy)));
      expect(login?.profile).to.equal(undefined);
      expect(login?.profileError).to.include({ reauthorize: true });
      expect(login?.tokens.accessToken).to.be.a('string');
    });

    it('warns once for each API version that it will end', async () => {
      await start();
      const strategy = strategyOf();
      const warnings = await warningsOf(async () => {
        for (let login = 0; login < 2; login += 1) {
          sandbox.fault({
            on: 'api',
            status: 200,
            headers: { Deprecation: 'true', Sunset: 'Sat, 31 Jul 2027 23:59:59 GMT' },
            body: { data: [{ id: '13', attributes: { advertiserName: 'A' } }] },
          });
          successOf(await visitor.finish(strategy, await consent(strategy)));
        }
      });
      expect(warnings.map(({ code }) => code)).to.deep.equal(['CRITEO_API_SUNSET']);
    });

    it('refreshes tokens, and throws a TypeError for a wrong refresh token', async () => {
      await start();
      let refreshToken = '';
      const strategy = strategyOf({
        verify: ({ tokens }: Login) => {
          refreshToken = tokens.refreshToken ?? '';
          return user;
        },
      });
      successOf(await visitor.finish(strategy, await consent(strategy)));
      expect((await strategy.refresh(refreshToken)).accessToken).to.be.a('string');
      for (const wrong of ['', undefined, null, 7, {}]) {
        const error: unknown = await Reflect.apply(strategy.refresh, strategy, [wrong]).catch(
          (reason: unknown) => reason,
        );
        expect(error).to.be.instanceOf(TypeError);
        expect(error)
          .to.have.property('message')
          .that.matches(/refreshToken must be a non-empty string/);
      }
    });

    it('works with Express and Passport', async () => {
      await start();
      const passport = new Passport();
      const strategy = strategyOf();
      passport.use(strategy);
      const server = express();
      const session = {};
      server.use((req, _res, next) => {
        Object.assign(req, { session });
        next();
      });
      server.get('/start', passport.authenticate('criteo', { session: false }));
      server.get('/cb', passport.authenticate('criteo', { session: false }), (req, res) => res.send(req.user));
      const origin = `http://127.0.0.1:${await listen(server)}`;
      const started = await fetch(`${origin}/start`, { redirect: 'manual' });
      const location = locationOf({ kind: 'redirect', args: [started.headers.get('location')] });
      const { search } = new URL(await sandbox.approve(location));
      const head = await fetch(`${origin}/cb${search}`, { method: 'HEAD' });
      expect(head.status).to.equal(503);
      const done = await fetch(`${origin}/cb${search}`);
      expect(done.status).to.equal(200);
      expect(await done.json())
        .to.have.property('advertisers')
        .with.length(3);
      const replay = await fetch(`${origin}/cb${search}`);
      expect(replay.status).to.equal(403);
      expect(asked(/token/)).to.have.length(1);
    });
  });
});
