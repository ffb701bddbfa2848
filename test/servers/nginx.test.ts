import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import session from 'express-session';
import passport from 'passport';
import { CookieStateStore, CriteoStrategy, type StateStore } from '../../lib/index';
import { createSandbox, type Sandbox } from '../../lib/sandbox';
import { CookieClient } from '../support/cookie-client';
import { type Nginx, startNginx } from './nginx';

/** As the documentation has it; the application itself knows nothing of the path it is mounted on. */
const location = (port: number): string => `
location /partners/ {
  proxy_pass http://127.0.0.1:${port}/;
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-Proto $scheme;
}`;

describe('An app behind nginx, which ends TLS and adds a path,', () => {
  let sandbox: Sandbox;
  let app: Express;
  let server: Server;
  let nginx: Nginx;
  let origin: string;
  let client: CookieClient;
  beforeEach(async () => {
    sandbox = await createSandbox();
    server = createServer((req, res) => app(req, res)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    nginx = await startNginx(location((server.address() as AddressInfo).port));
    origin = `https://localhost:${nginx.port}`;
    client = new CookieClient();
  });
  afterEach(async () => {
    await nginx.stop();
    server.close();
    server.closeAllConnections();
    await sandbox.close();
  });

  function mount({
    store,
    proxies = 1,
    path = '/',
  }: {
    store?: StateStore;
    proxies?: number;
    path?: string;
  } = {}): void {
    const authenticator = new passport.Passport();
    const { clientID, clientSecret } = sandbox.app;
    authenticator.use(
      new CriteoStrategy({
        clientID,
        clientSecret,
        ...sandbox.endpoints,
        // What the browser sees, the path included.
        callbackURL: `${origin}/partners/criteo-auth/callback`,
        store,
        verify: ({ profile }) => ({ id: profile?.id }),
      }),
    );
    app = express();
    app.set('trust proxy', proxies);
    if (!store) {
      const cookie = { secure: true, sameSite: 'lax', path } as const;
      app.use(session({ secret: 'for tests only', resave: false, saveUninitialized: false, cookie }));
    }
    app.get('/criteo-auth', authenticator.authenticate('criteo', { session: false }));
    const finish: RequestHandler = (req, res, next) => {
      const tell: passport.AuthenticateCallback = (error, user, info) => {
        if (error) return next(error);
        res.status(user ? 200 : 401).json(user || info);
      };
      authenticator.authenticate('criteo', tell)(req, res, next);
    };
    app.get('/criteo-auth/callback', finish);
    const failed: ErrorRequestHandler = (error, _req, res, _next) => void res.status(500).send(error.message);
    app.use(failed);
  }

  async function begin(): Promise<string> {
    const { location, body } = await client.get(`${origin}/partners/criteo-auth`);
    expect(location, body).to.match(/^http/);
    return location;
  }
  const finish = async (consentPage: string) => client.get(await sandbox.approve(consentPage), { from: consentPage });

  it('signs users in with a Secure session cookie', async () => {
    mount();
    const consentPage = await begin();
    expect(new URL(consentPage).searchParams.get('redirect_uri')).to.equal(`${origin}/partners/criteo-auth/callback`);
    expect((await finish(consentPage)).status).to.equal(200);
  });

  it('signs users in without sessions, with cookies whose names start with __Host-', async () => {
    mount({ store: new CookieStateStore({ secret: 'a secret of more than 32 characters' }) });
    const consentPage = await begin();
    const names = Object.keys(client.cookies(origin));
    expect(names).to.have.length(1);
    expect(names[0]).to.match(/^__Host-/);
    expect((await finish(consentPage)).status).to.equal(200);
  });

  it('sets cookies that fit into the headers that nginx accepts, however many logins a browser starts', async () => {
    mount({ store: new CookieStateStore({ secret: 'a secret of more than 32 characters' }) });
    for (let begun = 0; begun < 12; begun += 1) await begin();
    expect((await finish(await begin())).status).to.equal(200);
  });

  it('is told to trust the proxy if it loses its session because it does not', async () => {
    mount({ proxies: 0 });
    const { status, body } = await finish(await begin());
    expect([status, JSON.parse(body).code]).to.deep.equal([401, 'state_unknown']);
    expect(body).to.match(/trust proxy/);
  });

  it('is told if it has no session because its session cookie is for the path that nginx removes', async () => {
    mount({ path: '/partners' });
    const { status, body } = await client.get(`${origin}/partners/criteo-auth`);
    expect(status).to.equal(500);
    expect(body).to.match(/cookie\.path/);
  });
});
