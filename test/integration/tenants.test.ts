import { once } from 'node:events';
import http, { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { CookieClient } from '../support/cookie-client';
import { type Tenant, tenantLogin } from './docs/tenants';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const MANY = 200;
const tenant = (number: number, origin: string): Tenant => ({
  id: `${number}`,
  clientID: `client-${number}`,
  clientSecret: `secret-${number}`,
  callbackURL: `${origin}/criteo-auth/callback`,
});

describe('One application with a Criteo app for each of many tenants', () => {
  /** The credentials that the token endpoint was asked with. */
  let asked: (string | null)[][];
  let criteo: Server;
  let app: Server;
  let connections: number;
  let agent: http.Agent;
  let logins: ReturnType<typeof tenantLogin>;
  let origin: (number: number) => string;
  beforeEach(async () => {
    asked = [];
    connections = 0;
    criteo = createServer(async (req, res) => {
      let body = '';
      for await (const chunk of req) body += chunk;
      const form = new URLSearchParams(body);
      if (body) asked.push([form.get('client_id'), form.get('client_secret'), form.get('code')]);
      const name = form.get('client_id');
      const portfolio = { data: [{ type: 'advertiser', id: '1', attributes: { advertiserName: 'Shop' } }] };
      res.end(JSON.stringify(body ? { access_token: name, token_type: 'Bearer', expires_in: 900 } : portfolio));
    });
    criteo.on('connection', () => {
      connections += 1;
    });
    criteo.listen(0, '127.0.0.1');
    await once(criteo, 'listening');
    const apiURL = `http://127.0.0.1:${(criteo.address() as AddressInfo).port}`;

    const handler = express();
    app = createServer(handler).listen(0, '127.0.0.1');
    await once(app, 'listening');
    const { port } = app.address() as AddressInfo;
    // The host names of this machine: every one that ends in .localhost.
    origin = (number) => `http://tenant-${number}.localhost:${port}`;
    agent = new http.Agent({ keepAlive: true, timeout: 45_000 });
    const authenticator = new passport.Passport();
    authenticator.serializeUser((user, done) => done(null, user));
    const findTenant = async (hostname: string): Promise<Tenant> => {
      const number = Number(/\d+/.exec(hostname));
      return tenant(number, origin(number));
    };
    logins = tenantLogin(authenticator, findTenant, agent, { apiURL });
    handler.use(session({ secret: 'for tests only', resave: false, saveUninitialized: false }));
    handler.get('/criteo-auth', logins.login);
    handler.get('/criteo-auth/callback', logins.login);
  });
  afterEach(async () => {
    agent.destroy();
    for (const server of [criteo, app]) {
      server.close();
      server.closeAllConnections();
    }
  });

  it('signs people of hundreds of tenants in, each with its own credentials, over few connections', async () => {
    const clients = Array.from({ length: MANY }, (_, number) => new CookieClient(origin(number)));
    // All begin before any finishes.
    const states: string[] = [];
    for (const [number, client] of clients.entries()) {
      const consent = new URL((await client.get('/criteo-auth')).location);
      expect(consent.searchParams.get('client_id')).to.equal(`client-${number}`);
      states.push(consent.searchParams.get('state') ?? '');
    }
    for (const [number, client] of clients.entries()) {
      const { location } = await client.get(`/criteo-auth/callback?code=code-${number}&state=${states[number]}`);
      expect(location).to.match(/\/dashboard$/);
    }
    const expected = clients.map((_, number) => [`client-${number}`, `secret-${number}`, `code-${number}`]);
    expect(asked).to.deep.equal(expected);
    expect(connections).to.equal(1);
  });

  it('does not let a login that began at one tenant end at another', async () => {
    const client = new CookieClient(origin(1));
    const consent = new URL((await client.get('/criteo-auth')).location);
    const back = `/criteo-auth/callback?code=code&state=${consent.searchParams.get('state')}`;
    // As if the two shared a session: the cookie is sent to the other host, too.
    client.take(origin(2), [client.header(origin(1))]);
    expect((await client.get(origin(2) + back)).status).to.equal(403);
    expect(asked).to.deep.equal([]);
    expect((await client.get(back)).location).to.match(/\/dashboard$/);
  });

  it('holds nothing of tenants that were forgotten', async () => {
    const use = (from: number): WeakRef<object>[] =>
      Array.from({ length: MANY }, (_, at) => {
        const made = new WeakRef(logins.strategyOf(tenant(from + at, 'https://app.example.com')));
        logins.forget(String(from + at));
        return made;
      });
    const references = use(1000);
    // A WeakRef holds what it refers to until the present job has ended.
    await new Promise(setImmediate);
    collectGarbage();
    expect(references.filter((reference) => reference.deref() !== undefined)).to.have.length(0);
  });
});
