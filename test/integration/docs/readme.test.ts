import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import express, { type Express } from 'express';
import session from 'express-session';
import nock from 'nock';
import passport from 'passport';
import { createSandbox } from 'passport-criteo/sandbox';
import { documented } from '../../support/documented';
import { classic } from './classic';
import { granted, invite, listen } from './consent';
import { stateless } from './cookies';
import { tellFailures } from './failures';
import { connect } from './linking';
import { refreshed } from './refresh';
import { signsAPersonIn } from './sandbox';
import { users } from './users';

// Not by this file's place: coverage runs a compiled copy of it from elsewhere.
const root = process.cwd();
const portfolio = { data: [{ type: 'advertiser', id: '13', attributes: { advertiserName: 'Shop' } }] };
const grant = { access_token: 'access', token_type: 'Bearer', expires_in: 900, refresh_token: 'refresh' };
const registered = {
  clientID: 'id',
  clientSecret: 'secret',
  callbackURL: 'https://app.example.com/criteo-auth/callback',
};

/** The code blocks of a text, each without its common indentation. */
function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, code]) =>
    dedent(code ?? ''),
  );
}

function dedent(code: string): string {
  const lines = code.split('\n').filter((line) => line.trim() !== '');
  const margin = Math.min(...lines.map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(margin)).join('\n');
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|js|cjs|mjs)$/.test(name))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'));
}

describe('the README', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const files = [...sources('test/integration/docs'), ...sources('example')];

  for (const code of blocks(readme, 'ts')) {
    it(`shows code of a tested file: ${code.split('\n')[0]}`, () => {
      // Each run of lines of a file that is as long as the block, its indentation taken off, is compared.
      const wanted = code.split('\n').length;
      const found = files.some((file) => {
        const lines = file.split('\n').filter((line) => line.trim() !== '');
        return lines.some((_, at) => dedent(lines.slice(at, at + wanted).join('\n')) === code);
      });
      expect(found, `no file under test/integration/docs or example has this code:\n${code}`).to.equal(true);
    });
  }

  it('has no code block of another kind that nothing runs', () => {
    // Every other fence opens a block.
    const languages = [...readme.matchAll(/^```(\w*)$/gm)]
      .filter((_, at) => at % 2 === 0)
      .map(([, language]) => language);
    expect(languages.filter((language) => !['ts', 'sh', 'text'].includes(language ?? ''))).to.deep.equal([]);
  });

  it('names no command that package.json does not have', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const named = [...readme.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name);
    expect(Object.keys(scripts)).to.include.members(named);
  });

  describe('’s code', () => {
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

    /** Serves an app while a visitor goes to `start`, approves at Criteo, and comes back to `callback`. */
    async function visit(app: Express, start: string, callback: string, query = 'code=code') {
      const server = app.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const home = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      try {
        const login = await fetch(`${home}${start}`, { redirect: 'manual' });
        const { searchParams, origin } = new URL(login.headers.get('location') ?? '');
        expect(origin).to.equal('https://consent.criteo.com');
        expect(searchParams.get('redirect_uri')).to.equal(`https://app.example.com${callback}`);
        const cookie = login.headers.get('set-cookie') ?? '';
        const back = `${home}${callback}?state=${searchParams.get('state')}&${query}`;
        const answer = await fetch(back, { headers: { cookie }, redirect: 'manual' });
        return { status: answer.status, location: answer.headers.get('location'), text: await answer.text() };
      } finally {
        server.close();
        server.closeAllConnections();
      }
    }

    it('signs a visitor in, mounted as shown first', async () => {
      Object.assign(process.env, { SESSION_SECRET: 's', CRITEO_CLIENT_ID: 'id', CRITEO_CLIENT_SECRET: 'secret' });
      const { app } = require('./mount') as typeof import('./mount');
      criteo();
      const answer = await visit(app, '/criteo-auth', '/criteo-auth/callback');
      expect(answer.location).to.equal('/dashboard');
      expect(users.saved).to.have.lengthOf(1);
      expect(users.saved[0]).to.have.nested.property('tokens.refreshToken', 'refresh');
    });

    it('connects advertisers to a user who stays signed in', async () => {
      const { app, authenticator } = own();
      app.use((req, _res, next) => {
        req.user = { id: 'ada' };
        next();
      });
      connect(app, authenticator, (_req, _res, next) => next(), registered);
      criteo();
      const answer = await visit(app, '/criteo-connect', '/criteo-connect/callback');
      expect(answer.location).to.equal('/settings');
      expect(users.linked).to.have.nested.property('[0].user.id', 'ada');
      expect(users.linked).to.have.nested.property('[0].account.id', '13');
    });

    it('signs a visitor in without a session', async () => {
      const app = express();
      stateless(app, new passport.Passport(), registered, 'a secret of more than 32 characters');
      criteo();
      const answer = await visit(app, '/criteo-auth', '/criteo-auth/callback');
      expect(JSON.parse(answer.text)).to.have.nested.property('user.id', '13');
    });

    it('takes a classic verify', async () => {
      const { app, authenticator } = own();
      authenticator.use(classic(registered));
      app.get('/criteo-auth', authenticator.authenticate('criteo'));
      app.get('/criteo-auth/callback', authenticator.authenticate('criteo'), (req, res) => void res.json(req.user));
      criteo();
      const answer = await visit(app, '/criteo-auth', '/criteo-auth/callback');
      expect(answer.text).to.equal('{"id":"13"}');
    });

    it('tells failures apart', async () => {
      const { app, authenticator } = own();
      authenticator.use(classic(registered));
      app.get('/criteo-auth', authenticator.authenticate('criteo'));
      tellFailures(app, authenticator);
      const declined = await visit(app, '/criteo-auth', '/criteo-auth/callback', 'error=access_denied');
      expect(declined.location).to.equal('/?declined');
      api().post('/oauth2/token').reply(503, 'down');
      const down = await visit(app, '/criteo-auth', '/criteo-auth/callback');
      expect(down.status).to.equal(503);
      expect(down.text).to.contain('Try again in a moment');
    });

    it('refreshes, and keeps the refresh token where none comes back', async () => {
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

  it('’s code takes a consent given at a signed URL', async () => {
    const app = express();
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const callbackURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/criteo-consent`;
    const sandbox = await createSandbox({ app: { callbackURL } });
    const { signingKey: key, signingSecret: secret } = sandbox.app;
    listen(app, secret);
    // The signature covers the query alone.
    const url = invite({ key, secret }).replace(
      'https://consent.criteo.com/request',
      sandbox.endpoints.authorizationURL,
    );
    await sandbox.approve(url, { advertisers: ['13'] });
    expect(granted).to.deep.equal([{ state: new URL(url).searchParams.get('state'), ids: ['13'] }]);
    server.close();
    await sandbox.close();
  });

  // Apart from the above: while it is active, nock opens a connection for every request.
  it('’s code tests an app of one’s own against the sandbox', () => signsAPersonIn());
});
