import http from 'node:http';
import { expect } from 'chai';
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { CookieClient } from '../support/cookie-client';
import { collectGarbage } from '../support/garbage';
import { httpServers } from '../support/http-server';
import { type Tenant, tenantLogin } from './docs/tenants';

const MANY = 100;
const tenant = (number: number, origin: string): Tenant => ({
  id: `${number}`,
  clientID: `client-${number}`,
  clientSecret: `secret-${number}`,
  callbackURL: `${origin}/criteo-auth/callback`,
});

describe('An app whose tenants each have a Criteo app', () => {
  const listen = httpServers();
  /** The credentials and code of each token request. */
  let asked: (string | null)[][];
  let connections: number;
  let agent: http.Agent;
  let logins: ReturnType<typeof tenantLogin>;
  let origin: (number: number) => string;
  beforeEach(async () => {
    asked = [];
    connections = 0;
    const criteo = http.createServer(async (req, res) => {
      let body = '';
      for await (const chunk of req) body += chunk;
      const form = new URLSearchParams(body);
      if (body) asked.push([form.get('client_id'), form.get('client_secret'), form.get('code')]);
      const code = form.get('code') ?? '';
      // The code says how many milliseconds the token endpoint takes, and whether it is valid.
      await new Promise((resolve) => setTimeout(resolve, Number(/\d+$/.exec(code))));
      if (code.startsWith('bogus')) return res.writeHead(400).end('{"error":"invalid_grant"}');
      const id = String(req.headers.authorization).replace(/^Bearer /, '');
      const portfolio = { data: [{ type: 'advertiser', id, attributes: { advertiserName: 'Shop' } }] };
      res.end(JSON.stringify(body ? { access_token: code, token_type: 'Bearer', expires_in: 900 } : portfolio));
    });
    criteo.on('connection', () => {
      connections += 1;
    });
    const apiURL = `http://127.0.0.1:${await listen(criteo)}`;

    const handler = express();
    const port = await listen(handler);
    // Every host name that ends in .localhost is this machine.
    origin = (number) => `http://tenant-${number}.localhost:${port}`;
    agent = new http.Agent({ keepAlive: true, timeout: 45_000 });
    const authenticator = new passport.Passport();
    authenticator.serializeUser((user, done) => done(null, user));
    authenticator.deserializeUser((user: Express.User, done) => done(null, user));
    const findTenant = async (hostname: string): Promise<Tenant> => {
      const number = Number(/\d+/.exec(hostname));
      return tenant(number, origin(number));
    };
    logins = tenantLogin(authenticator, findTenant, agent, { apiURL });
    handler.use(session({ secret: 'for tests only', resave: false, saveUninitialized: false }));
    handler.get('/criteo-auth', logins.login);
    handler.get('/criteo-auth/callback', logins.login);
    handler.get('/me', authenticator.session(), (req, res) => void res.send(String(Object(req.user).id)));
    const failed: express.ErrorRequestHandler = (error, _req, res, _next) => void res.status(error.status).send();
    handler.use(failed);
  });
  afterEach(() => agent.destroy());

  /** Starts a login. Returns the address of its callback without the value of the code. */
  async function start(client: CookieClient, number: number): Promise<string> {
    const consent = new URL((await client.get('/criteo-auth')).location);
    expect(consent.searchParams.get('client_id')).to.equal(`client-${number}`);
    return `/criteo-auth/callback?state=${consent.searchParams.get('state')}&code=`;
  }

  it('signs users of 100 tenants in, each with the tenant’s credentials, over one connection', async () => {
    const clients = Array.from({ length: MANY }, (_, number) => new CookieClient(origin(number)));
    // All logins start before the first one finishes.
    const callbacks: string[] = [];
    for (const [number, client] of clients.entries()) callbacks.push(await start(client, number));
    for (const [number, client] of clients.entries()) {
      const { location } = await client.get(`${callbacks[number]}${number}-code-0`);
      expect(location).to.match(/\/dashboard$/);
    }
    const expected = clients.map((_, number) => [`client-${number}`, `secret-${number}`, `${number}-code-0`]);
    expect(asked).to.deep.equal(expected);
    expect(connections).to.equal(1);
  });

  it('signs each user in as themselves if many users of a tenant sign in at once', async () => {
    const visits = Array.from({ length: 60 }, async (_, index) => {
      const number = index % 3;
      const client = new CookieClient(origin(number));
      const code = `visitor-${index}-takes-${(index * 7) % 40}`;
      const { location } = await client.get((await start(client, number)) + code);
      expect(location).to.match(/\/dashboard$/);
      expect((await client.get('/me')).body).to.equal(code);
    });
    await Promise.all(visits);
    expect(new Set(asked.map(([client, secret]) => `${client} ${secret}`)).size).to.equal(3);
  });

  it('does not sign an attacker in as a victim whose code is being exchanged', async () => {
    const [victim, attacker] = [new CookieClient(origin(1)), new CookieClient(origin(1))];
    const [own, other] = [await start(victim, 1), await start(attacker, 1)];
    const login = victim.get(`${own}victim-60`);
    await new Promise((resolve) => setTimeout(resolve, 15));
    const attack = await attacker.get(`${other}bogus-0`);
    expect([attack.status, attack.location]).to.deep.equal([401, '']);
    expect((await login).location).to.match(/\/dashboard$/);
    expect((await victim.get('/me')).body).to.equal('victim-60');
    expect((await attacker.get('/me')).body).to.equal('undefined');
  });

  it('rejects the callback of a login that was started at another tenant', async () => {
    const client = new CookieClient(origin(1));
    const back = `${await start(client, 1)}code-0`;
    // The cookie is sent to the other host too, as if the two shared a session.
    client.take(origin(2), [client.header(origin(1))]);
    expect((await client.get(origin(2) + back)).status).to.equal(403);
    expect(asked).to.deep.equal([]);
    expect((await client.get(back)).location).to.match(/\/dashboard$/);
  });

  it('keeps no strategy of a forgotten tenant in memory', async () => {
    const use = (from: number): WeakRef<object>[] =>
      Array.from({ length: MANY }, (_, at) => {
        const made = new WeakRef(logins.strategyOf(tenant(from + at, 'https://app.example.com')));
        logins.forget(String(from + at));
        return made;
      });
    const references = use(1000);
    // A WeakRef keeps its object until the current job has ended.
    await new Promise(setImmediate);
    collectGarbage();
    expect(references.filter((reference) => reference.deref() !== undefined)).to.have.length(0);
  });
});
