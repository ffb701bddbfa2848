import { strict as assert } from 'node:assert';
import { expect } from 'chai';
import express, { type Express } from 'express';
import session from 'express-session';
import nock from 'nock';
import passport from 'passport';
import { CriteoClient, CriteoStrategy, type CriteoStrategyOptions } from 'passport-criteo';
import { createSandbox, type Sandbox } from 'passport-criteo/sandbox';
import { documented } from '../../support/documented';
import { httpServers } from '../../support/http-server';
import { classic } from './classic';
import { granted, invite, mountConsent } from './consent';
import { mountStateless } from './cookies';
import { mountFailures } from './failures';
import { testFaults } from './faults';
import { mountConnect } from './linking';
import { handWritten } from './migrating/hand-written';
import { newAccessToken } from './migrating/oauth2-refresh';
import { migrated } from './migrating/strategy';
import { importRefreshTokens } from './migrating/token-source';
import { refreshed } from './refresh';
import { createApp } from './sandbox-app';
import { findCriteo } from './sandbox-settings';
import { users } from './users';

const portfolio = { data: [{ type: 'advertiser', id: '13', attributes: { advertiserName: 'Shop' } }] };
const grant = { access_token: 'access', token_type: 'Bearer', expires_in: 900, refresh_token: 'refresh' };
const registered = {
  clientID: 'id',
  clientSecret: 'secret',
  callbackURL: 'https://app.example.com/criteo-auth/callback',
};

describe('The code of the documentation', () => {
  const serve = httpServers();

  describe('with Criteo’s responses', () => {
    const environment = { ...process.env };
    const api = documented();
    before(() => nock.enableNetConnect('127.0.0.1'));
    afterEach(() => {
      process.env = { ...environment };
    });

    const criteo = () => {
      api().post('/oauth2/token').reply(200, grant);
      api().get('/2026-07/advertisers/me').reply(200, portfolio);
    };
    const own = (): { app: Express; authenticator: InstanceType<typeof passport.Passport> } => {
      const authenticator = new passport.Passport();
      authenticator.serializeUser((user, done) => done(null, user));
      authenticator.deserializeUser((user: Express.User, done) => done(null, user));
      const app = express();
      app.use(session({ secret: 'secret', resave: false, saveUninitialized: false }), authenticator.session());
      return { app, authenticator };
    };

    /** Serves an app while a user goes to `start`, approves at Criteo, and returns to `callback`. */
    async function visit(app: Express, start: string, callback: string, query = 'code=code') {
      const home = `http://127.0.0.1:${await serve(app)}`;
      const login = await fetch(`${home}${start}`, { redirect: 'manual' });
      const { searchParams, origin } = new URL(login.headers.get('location') ?? '');
      expect(origin).to.equal('https://consent.criteo.com');
      expect(searchParams.get('redirect_uri')).to.equal(`https://app.example.com${callback}`);
      const cookie = login.headers.get('set-cookie') ?? '';
      const back = `${home}${callback}?state=${searchParams.get('state')}&${query}`;
      const response = await fetch(back, { headers: { cookie }, redirect: 'manual' });
      const location = response.headers.get('location');
      // The page on which the user arrives.
      const next = location?.startsWith('/')
        ? await (await fetch(home + location, { headers: { cookie } })).text()
        : '';
      return { status: response.status, location, text: await response.text(), next };
    }

    const credentials = { SESSION_SECRET: 's', CRITEO_CLIENT_ID: 'id', CRITEO_CLIENT_SECRET: 'secret' };

    it('connects advertisers with the app of the README, and shows why it failed', async () => {
      Object.assign(process.env, credentials);
      const { app } = require('./connect-app') as typeof import('./connect-app');
      app.get('/settings', (req, res) => {
        res.json({ messages: (req.session as { messages?: string[] }).messages });
      });
      criteo();
      const connected = await visit(app, '/criteo-connect', '/criteo-connect/callback');
      expect(connected.location).to.equal('/settings');
      expect(users.linked.pop()).to.deep.include({ user: { id: 'ada' } });
      const declined = await visit(app, '/criteo-connect', '/criteo-connect/callback', 'error=access_denied');
      expect(declined.location).to.equal('/settings');
      expect(declined.next).to.contain('The user declined at Criteo');
    });

    it('signs a user in with the app of the README', async () => {
      Object.assign(process.env, credentials);
      const { app } = require('./sign-in-app') as typeof import('./sign-in-app');
      criteo();
      const response = await visit(app, '/criteo-auth', '/criteo-auth/callback');
      expect(response.location).to.equal('/dashboard');
      expect(users.saved).to.have.lengthOf(1);
      expect(users.saved[0]).to.have.nested.property('tokens.refreshToken', 'refresh');
    });

    it('connects advertisers to a user who stays signed in', async () => {
      const { app, authenticator } = own();
      app.use((req, _res, next) => {
        req.user = { id: 'ada' };
        next();
      });
      mountConnect(app, authenticator, (_req, _res, next) => next(), registered);
      criteo();
      const response = await visit(app, '/criteo-connect', '/criteo-connect/callback');
      expect(response.location).to.equal('/settings');
      expect(users.linked).to.have.nested.property('[0].user.id', 'ada');
      expect(users.linked).to.have.nested.property('[0].account.id', '13');
    });

    it('signs a user in without a session', async () => {
      const app = express();
      mountStateless(app, new passport.Passport(), registered, 'a secret of more than 32 characters');
      criteo();
      const response = await visit(app, '/criteo-auth', '/criteo-auth/callback');
      expect(JSON.parse(response.text)).to.have.nested.property('user.id', '13');
    });

    it('signs a user in with a classic verify', async () => {
      const { app, authenticator } = own();
      authenticator.use(classic(registered));
      app.get('/criteo-auth', authenticator.authenticate('criteo'));
      app.get('/criteo-auth/callback', authenticator.authenticate('criteo'), (req, res) => void res.json(req.user));
      criteo();
      const response = await visit(app, '/criteo-auth', '/criteo-auth/callback');
      expect(response.text).to.equal('{"id":"13"}');
    });

    it('handles failures by their code', async () => {
      const { app, authenticator } = own();
      authenticator.use(classic(registered));
      app.get('/criteo-auth', authenticator.authenticate('criteo'));
      mountFailures(app, authenticator);
      const declined = await visit(app, '/criteo-auth', '/criteo-auth/callback', 'error=access_denied');
      expect(declined.location).to.equal('/?declined');
      api().post('/oauth2/token').reply(503, 'down');
      const down = await visit(app, '/criteo-auth', '/criteo-auth/callback');
      expect(down.status).to.equal(503);
      expect(down.text).to.contain('Start again, in a moment');
    });

    it('refreshes tokens, and keeps the refresh token if the response has none', async () => {
      const kept = {
        accessToken: 'old',
        tokenType: 'Bearer',
        expiresAt: 0,
        obtainedAt: 0,
        refreshToken: 'kept',
      } as const;
      nock('https://api.criteo.com')
        .post('/oauth2/token')
        .reply(200, { ...grant, refresh_token: null });
      const tokens = await refreshed(registered, kept);
      assert(tokens);
      expect(tokens).to.include({ accessToken: 'access', refreshToken: 'kept' });
      api().post('/oauth2/token').reply(400, { error: 'invalid_grant' });
      expect(await refreshed(registered, kept)).to.equal(undefined);
    });
  });

  it('receives the consent that a user gives at a signed URL', async () => {
    const app = express();
    const callbackURL = `http://127.0.0.1:${await serve(app)}/criteo-consent`;
    const sandbox = await createSandbox({ app: { callbackURL } });
    const { signingKey: key, signingSecret: secret } = sandbox.app;
    mountConsent(app, secret);
    // The signature covers the query alone.
    const url = invite({ key, secret }).replace(
      'https://consent.criteo.com/request',
      sandbox.endpoints.authorizationURL,
    );
    await sandbox.approve(url, { advertisers: ['13'] });
    expect(granted).to.deep.equal([{ state: new URL(url).searchParams.get('state'), ids: ['13'] }]);
    await sandbox.close();
  });

  describe('against the sandbox', () => {
    let sandbox: Sandbox;
    const callbackURL = 'https://app.example.com/criteo-auth/callback';
    beforeEach(async () => {
      sandbox = await createSandbox();
    });
    afterEach(() => sandbox.close());

    // Express prints unhandled errors, and the code prints the sandbox's address.
    const { error, log } = console;
    before(() => Object.assign(console, { error: () => {}, log: () => {} }));
    after(() => Object.assign(console, { error, log }));

    it('simulates failures', async () => {
      const app = await createApp({ ...sandbox.app, ...sandbox.endpoints });
      const signIn = async () => {
        const login = await fetch(`${app.url}/criteo-auth`, { redirect: 'manual' });
        const headers = { cookie: login.headers.get('set-cookie') ?? '' };
        return fetch(await sandbox.approve(login.headers.get('location') ?? ''), { headers, redirect: 'manual' });
      };
      await testFaults(sandbox, signIn);
      await app.close();
    });

    it('uses the sandbox without credentials, and Criteo with them', async () => {
      const found = await findCriteo({});
      expect(found.options).to.include.keys('clientID', 'clientSecret', 'authorizationURL', 'tokenURL', 'apiURL');
      await found.sandbox?.close();
      const env = { CRITEO_CLIENT_ID: 'id', CRITEO_CLIENT_SECRET: 'secret' };
      expect(await findCriteo(env)).to.deep.equal({ options: { clientID: 'id', clientSecret: 'secret' } });
    });

    for (const [name, make] of Object.entries({
      'a hand-written strategy': handWritten,
      'CriteoStrategy in its place': migrated,
    })) {
      it(`signs in with ${name}`, async () => {
        const { authorizationURL, tokenURL, apiURL } = sandbox.endpoints;
        const { clientID, clientSecret } = sandbox.app;
        const urls = make === migrated ? { authorizationURL, apiURL } : { authorizationURL, tokenURL };
        const authenticator = new passport.Passport();
        authenticator.use(
          make({ clientID, clientSecret, callbackURL, ...urls } as Parameters<typeof handWritten>[0] &
            CriteoStrategyOptions),
        );
        const app = express();
        app.use(session({ secret: 'secret', resave: false, saveUninitialized: false }));
        const signIn = authenticator.authenticate('criteo', { session: false });
        app.get(['/criteo-auth', '/criteo-auth/callback'], signIn, (_req, res) => void res.send('signed in'));
        const home = `http://127.0.0.1:${await serve(app)}`;
        const login = await fetch(`${home}/criteo-auth`, { redirect: 'manual' });
        const back = new URL(await sandbox.approve(login.headers.get('location') ?? ''));
        const headers = { cookie: login.headers.get('set-cookie') ?? '' };
        const response = await fetch(home + back.pathname + back.search, { headers });
        expect(await response.text()).to.equal('signed in');
        expect(users.linked.pop()?.tokens.refreshToken).to.be.a('string');
      });
    }

    it('imports refresh tokens from passport-oauth2-refresh', async () => {
      const { clientID, clientSecret } = sandbox.app;
      const strategy = new CriteoStrategy({ ...sandbox.app, ...sandbox.endpoints, callbackURL, verify: () => false });
      const redirect = new URLSearchParams({ response_type: 'code', client_id: clientID, redirect_uri: callbackURL });
      const back = await sandbox.approve(`${sandbox.endpoints.authorizationURL}?${redirect}`);
      const client = new CriteoClient({ ...sandbox.app, ...sandbox.endpoints });
      const code = new URL(back).searchParams.get('code') ?? '';
      const { refreshToken = '' } = await client.exchangeCode({ code, redirectURI: callbackURL });
      const row = { userId: 'ada', refreshToken };
      expect(await newAccessToken(strategy, row)).to.be.a('string');

      const { apiURL } = sandbox.endpoints;
      const tokens = await importRefreshTokens({ clientID, clientSecret, apiURL }, new Map(), [row]);
      const response = await tokens.fetch('ada', '/2026-07/advertisers/me');
      expect(response.status).to.equal(200);
    });
  });
});
