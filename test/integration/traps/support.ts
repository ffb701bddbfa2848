import type { RequestListener } from 'node:http';
import https from 'node:https';
import express, { type Express } from 'express';
import session, { type SessionOptions } from 'express-session';
import passport from 'passport';
import { CriteoStrategy, type CriteoStrategyOptions } from '../../../lib/index';
import { createSandbox, type Sandbox } from '../../../lib/sandbox';
import { cert, key } from '../../support/certificate';
import { CookieClient, type Page } from '../../support/cookie-client';
import { httpServers } from '../../support/http-server';
import { forward } from '../../support/proxy';

export type Passport = InstanceType<typeof passport.Passport>;

/** Makes express-session as in the documentation, with `changes`. */
export const sessions = (changes: Partial<SessionOptions> = {}): express.RequestHandler =>
  session({ secret: 'only for tests', resave: false, saveUninitialized: false, ...changes });

/** Mounts an app's middleware and routes. */
export type Mount = (app: Express, passport: Passport, options: CriteoStrategyOptions) => void;

/** Mounts a login at `/criteo-auth`. The callback responds with the user, or with `info` if the login failed. */
export const routes =
  (...before: express.RequestHandler[]): Mount =>
  (app, authenticator, options) => {
    authenticator.use('criteo', new CriteoStrategy({ ...options, verify: ({ profile }) => ({ id: profile?.id }) }));
    for (const middleware of before) app.use(middleware);
    app.get('/criteo-auth', authenticator.authenticate('criteo'));
    app.get('/criteo-auth/callback', (req, res, next) => {
      const done: passport.AuthenticateCallback = (error, user, info) => {
        if (error) return next(error);
        if (!user) return res.status(403).json(info);
        if (!req.session) return res.json(user);
        req.logIn(user, (failed) => (failed ? next(failed) : res.json(user)));
      };
      authenticator.authenticate('criteo', done)(req, res, next);
    });
    const failed: express.ErrorRequestHandler = (error, _req, res, _next) => {
      res.status(500).json({ code: error.code, message: error.message });
    };
    app.use(failed);
  };

/** An app at `http://localhost`, a sandbox at `http://127.0.0.1`, which is another site, and a client of both. */
export interface RunningApp {
  origin: string;
  sandbox: Sandbox;
  client: CookieClient;
  /** Restarts the app on the same port with an empty memory. */
  restart(mount: Mount): void;
  /** Starts a login. Returns the consent page's URL. */
  begin(path?: string): Promise<string>;
  /** Approves at Criteo and opens the callback. */
  finish(consentPage: string): Promise<Page>;
}

/** Returns a function that starts apps. They are stopped after each test. */
export function opener(): (mount: Mount, options?: { tls?: boolean }) => Promise<RunningApp> {
  const sandboxes: Sandbox[] = [];
  const serve = httpServers();
  afterEach(() => Promise.all(sandboxes.splice(0).map((sandbox) => sandbox.close())));

  return async (mount, { tls = false } = {}) => {
    const sandbox = await createSandbox();
    sandboxes.push(sandbox);
    let handler: RequestListener;
    const port = await serve((req, res) => handler(req, res));
    const proxyPort =
      tls &&
      (await serve(
        https.createServer(
          { key, cert },
          forward(() => port, { 'x-forwarded-proto': 'https' }),
        ),
      ));
    const origin = tls ? `https://localhost:${proxyPort}` : `http://localhost:${port}`;
    const client = new CookieClient(origin);
    const { clientID, clientSecret } = sandbox.app;
    const options = { clientID, clientSecret, ...sandbox.endpoints, callbackURL: `${origin}/criteo-auth/callback` };
    const restart = (next: Mount): void => {
      const app = express();
      const authenticator = new passport.Passport();
      authenticator.serializeUser((user, done) => done(null, Object(user).id));
      authenticator.deserializeUser((id: string, done) => done(null, { id }));
      next(app, authenticator, options);
      handler = app;
    };
    restart(mount);
    return {
      origin,
      sandbox,
      client,
      restart,
      begin: async (path = '/criteo-auth') => (await client.get(path)).location,
      finish: async (consentPage) => client.get(await sandbox.approve(consentPage), { from: consentPage }),
    };
  };
}
