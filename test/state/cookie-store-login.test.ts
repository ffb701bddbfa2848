import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { expect } from 'chai';
import express, { type ErrorRequestHandler } from 'express';
import session from 'express-session';
import passport, { type AuthenticateOptions } from 'passport';
import { createSandbox, type Sandbox } from '../../lib/sandbox';
import { CookieStateStore } from '../../lib/state/cookie-store';
import { CriteoStrategy } from '../../lib/strategy';
import { Jar, secret } from '../support/cookie-store';
import { httpServers } from '../support/http-server';

interface PageResponse {
  status: number;
  text: string;
  location: string;
  lines: string[];
}

/** Loads a page like a browser with cookies, without following redirects. */
async function load(jar: Jar, url: string): Promise<PageResponse> {
  const response = await fetch(url, { redirect: 'manual', headers: { cookie: jar.header } });
  const lines = response.headers.getSetCookie();
  jar.take(lines);
  return {
    status: response.status,
    text: await response.text(),
    location: response.headers.get('location') ?? '',
    lines,
  };
}

const options = (state?: unknown): AuthenticateOptions => ({ session: false, state }) as AuthenticateOptions;

const sendErrors: ErrorRequestHandler = (error: Error & { code?: string }, _req, res, _next) => {
  res.status(500).json({ code: error.code, message: error.message });
};

describe('A login with CookieStateStore', () => {
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await createSandbox({ app: { pkce: true } });
  });
  afterEach(() => sandbox.close());

  const listen = httpServers();
  const serve = async (listener: RequestListener): Promise<string> => `http://127.0.0.1:${await listen(listener)}`;

  /** Makes Passport with one strategy for each name, each with its own store, as in separate processes. */
  function passportWith(...names: string[]): passport.Authenticator {
    const authenticator = new passport.Passport();
    for (const name of names) {
      const strategy = new CriteoStrategy({
        ...sandbox.app,
        ...sandbox.endpoints,
        name,
        pkce: true,
        callbackURL: 'http://127.0.0.1:1/cb',
        store: new CookieStateStore({ secret }),
        verify: async ({ profile, state }) => ({ advertisers: profile?.advertisers.length, state, name }),
      });
      authenticator.use(name, strategy);
    }
    return authenticator;
  }

  /** Makes an app without sessions that has `/<name>/login` and `/<name>/cb`. */
  function appWith(...names: string[]): express.Express {
    const app = express();
    const authenticator = passportWith(...names);
    for (const name of names) {
      app.get(`/${name}/login`, (req, res, next) =>
        authenticator.authenticate(name, options({ returnTo: req.query['to'] ?? '/' }))(req, res, next),
      );
      app.get(`/${name}/cb`, (req, res, next) => {
        const done = (error: unknown, user: unknown, info: unknown): unknown =>
          error ? next(error) : res.status(user ? 200 : 403).json(user || info);
        authenticator.authenticate(name, options(), done)(req, res, next);
      });
    }
    app.use(sendErrors);
    return app;
  }

  const consent = async ({ location }: PageResponse): Promise<string> =>
    new URL(await sandbox.approve(location)).search;

  it('signs the user in without a session, with PKCE, if another process handles the callback', async () => {
    const [first, second] = await Promise.all([serve(appWith('criteo')), serve(appWith('criteo'))]);
    const jar = new Jar();
    const started = await load(jar, `${first}/criteo/login?to=/reports`);
    expect(started.status).to.equal(302);
    expect(jar.names).to.have.length(1);
    const done = await load(jar, `${second}/criteo/cb${await consent(started)}`);
    expect([done.status, JSON.parse(done.text).state]).to.deep.equal([200, { returnTo: '/reports' }]);
    expect(JSON.parse(done.text).advertisers).to.be.greaterThan(0);
    expect(jar.names).to.deep.equal([]);
  });

  it('fails with state_unknown the second time, without another token request', async () => {
    const url = await serve(appWith('criteo'));
    const jar = new Jar();
    const callback = `${url}/criteo/cb${await consent(await load(jar, `${url}/criteo/login`))}`;
    expect((await load(jar, callback)).status).to.equal(200);
    const again = await load(jar, callback);
    expect([again.status, JSON.parse(again.text).code]).to.deep.equal([403, 'state_unknown']);
    expect(sandbox.requests.filter(({ path }) => path === '/oauth2/token')).to.have.length(1);
  });

  it('fails for a copied cookie: in the same process as unknown, in another by Criteo’s refusal', async () => {
    const [url, other] = await Promise.all([serve(appWith('criteo')), serve(appWith('criteo'))]);
    const jar = new Jar();
    const callback = `/criteo/cb${await consent(await load(jar, `${url}/criteo/login`))}`;
    const copies = [0, 1].map(() => {
      const copy = new Jar();
      for (const [name, value] of jar.cookies) copy.cookies.set(name, value);
      return copy;
    });
    const replay = async (origin: string): Promise<unknown[]> => {
      const { status, text } = await load(copies.pop() ?? jar, origin + callback);
      return [status, JSON.parse(text).code];
    };
    expect((await load(jar, url + callback)).status).to.equal(200);
    expect(await replay(url)).to.deep.equal([403, 'state_unknown']);
    expect(await replay(other)).to.deep.equal([500, 'invalid_grant']);
    expect(sandbox.requests.filter(({ path }) => path === '/oauth2/token')).to.have.length(2);
  });

  it('does not end other logins of the same browser in other tabs, with one or two strategies', async () => {
    const url = await serve(appWith('criteo', 'criteo-retail'));
    const jar = new Jar();
    const a = await load(jar, `${url}/criteo/login?to=/a`);
    const b = await load(jar, `${url}/criteo-retail/login?to=/b`);
    const c = await load(jar, `${url}/criteo/login?to=/c`);
    const [ofA, ofB, ofC] = [await consent(a), await consent(b), await consent(c)];
    const astray = await load(jar, `${url}/criteo-retail/cb${ofA}`);
    expect(JSON.parse(astray.text)).to.include({ code: 'state_unknown' });
    for (const [path, returnTo] of [
      [`/criteo/cb${ofC}`, '/c'],
      [`/criteo-retail/cb${ofB}`, '/b'],
      [`/criteo/cb${ofA}`, '/a'],
    ] as const) {
      const done = await load(jar, url + path);
      expect([done.status, JSON.parse(done.text).state], path).to.deep.equal([200, { returnTo }]);
    }
    expect(jar.names).to.deep.equal([]);
  });

  it('clears the cookie and returns the app’s state if the user declines', async () => {
    const url = await serve(appWith('criteo'));
    const jar = new Jar();
    const { location } = await load(jar, `${url}/criteo/login?to=/reports`);
    const done = await load(jar, `${url}/criteo/cb${new URL(await sandbox.deny(location)).search}`);
    expect(JSON.parse(done.text)).to.deep.include({ code: 'access_denied', state: { returnTo: '/reports' } });
    expect(jar.names).to.deep.equal([]);
  });

  it('ends with an error that names state if the user makes the state too large', async () => {
    const url = await serve(appWith('criteo'));
    const { status, text, lines } = await load(new Jar(), `${url}/criteo/login?to=/${'x'.repeat(5000)}`);
    expect([status, JSON.parse(text).code, lines]).to.deep.equal([500, 'state_too_large', []]);
  });

  it('sets a cookie beside those of the app and of express-session', async () => {
    const app = express();
    app.use(session({ secret: 'only for tests', resave: false, saveUninitialized: true, name: 'sid' }));
    app.use((_req, res, next) => {
      res.cookie('theme', 'dark');
      next();
    });
    app.use(appWith('criteo'));
    const url = await serve(app);
    const jar = new Jar();
    const started = await load(jar, `${url}/criteo/login`);
    expect(started.lines.map((line) => line.split(/[.=]/)[0])).to.deep.equal(['theme', 'criteo-login', 'sid']);
    const done = await load(jar, `${url}/criteo/cb${await consent(started)}`);
    expect(done.status).to.equal(200);
    expect(jar.names).to.deep.equal(['theme', 'sid']);
  });

  it('works with node’s own http and Connect if the app sets req.res', async () => {
    const authenticator = passportWith('criteo');
    const handle = (setResponse: boolean) => (req: IncomingMessage, res: ServerResponse) => {
      const end = (user: unknown): void => void res.end(JSON.stringify(user));
      if (setResponse) Object.assign(req, { res });
      const done = (error: unknown, user: unknown): void => end(error instanceof Error ? error.message : user);
      authenticator.authenticate('criteo', options(), done)(req, res, end);
    };
    const refused = await load(new Jar(), await serve(handle(false)));
    expect(refused.text).to.match(/req\.res is not set.*plain node http, do `req\.res = res`/);

    const url = await serve(handle(true));
    const jar = new Jar();
    const started = await load(jar, url);
    const done = await load(jar, url + (await consent(started)));
    expect(JSON.parse(done.text)).to.include({ name: 'criteo' });
    expect(jar.names).to.deep.equal([]);
  });

  it('ends with an error if the app has sent a response already', async () => {
    const authenticator = passportWith('criteo');
    const errors: unknown[] = [];
    const url = await serve((req, res) => {
      Object.assign(req, { res });
      res.writeHead(200).write('early');
      authenticator.authenticate('criteo', options(), (error: unknown) => errors.push(error) && res.end())(req, res);
    });
    await load(new Jar(), url);
    expect(errors).to.have.length(1);
    expect(errors[0]).to.include({ code: 'headers_sent' });
  });
});
