import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import session from 'express-session';
import passport, { type AuthenticateCallback } from 'passport';
import { CriteoStrategy, type CriteoStrategyOptions } from 'passport-criteo';
import { Account, Accounts } from './accounts';
import { icon, script, style } from './assets';
import { type Failure, mishap, refusal } from './failures';
import { dashboardPage, failurePage, homePage, type View } from './pages';

declare module 'express-session' {
  interface SessionData {
    /** Said once, on the next page. */
    notice: string;
  }
}

/** What the app needs to know. */
export interface AppOptions {
  /** The Criteo app and where Criteo is: options of `CriteoStrategy`. */
  criteo: CriteoStrategyOptions;
  /** Signs the session cookie. */
  sessionSecret: string;
  /** Where the sandbox is, if one stands in for Criteo: the pages say so. */
  sandbox?: string | undefined;
  /** Where errors go. Default `console.error`. */
  log?: (line: string) => void;
}

/** The example: an Express app in which people sign in with Criteo. */
export function createApp({ criteo, sessionSecret, sandbox, log = console.error }: AppOptions): Express {
  const callback = new URL(criteo.callbackURL);
  const https = callback.protocol === 'https:';
  const accounts = new Accounts();

  // 1. The strategy: what to do with a login. `verify` gets the tokens and the portfolio and gives the user.
  const strategy = new CriteoStrategy({
    ...criteo,
    verify: ({ tokens, profile }) => profile && accounts.save(profile, tokens),
  });

  // Most apps use the one `passport` that the module exports; an instance of its own lets tests run several apps.
  const authenticator = new passport.Passport();
  authenticator.use(strategy);
  authenticator.serializeUser((user, done) => done(null, user instanceof Account ? user.id : false));
  authenticator.deserializeUser((id: string, done) => done(null, accounts.find(id) ?? false));

  const app = express();
  app.disable('x-powered-by');
  // Behind a proxy on this machine that ends TLS, `req.secure` must tell the truth, or no cookie would be set.
  app.set('trust proxy', 'loopback');
  app.use(headers);
  app.get('/style.css', asset('text/css', style));
  app.get('/app.js', asset('text/javascript', script));
  app.get('/icon.svg', asset('image/svg+xml', icon));

  // 2. Sessions: a pending login is kept in the session until Criteo sends the person back. SameSite must be Lax:
  // with Strict, the browser would leave the cookie out when it comes back from Criteo. The memory store of
  // express-session is for trying things out: a real app gives `store`.
  app.use(
    session({
      name: 'example.sid',
      secret: sessionSecret,
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax', secure: https },
    }),
  );
  app.use(authenticator.session());

  const view = (req: Request): View => ({ account: accountOf(req), sandbox });
  const fail = (req: Request, res: Response, failure: Failure) => {
    res.status(failure.status).send(failurePage(view(req), failure));
  };

  // Keeps other sites from posting in the person's name: with every POST, browsers say which site the form was on.
  app.use((req, res, next) => {
    if (req.method === 'GET' || req.method === 'HEAD' || req.get('origin') === callback.origin) return next();
    fail(req, res, {
      status: 403,
      title: 'That came from another site',
      text: `Nothing was done. Only the pages at ${callback.origin} can ask for it.`,
      facts: { code: 'foreign_origin' },
    });
  });

  app.get('/', (req, res) => {
    res.send(homePage(view(req)));
  });

  // 3. Off to Criteo. Cookies belong to one host: who came by 127.0.0.1 would come back to localhost without theirs.
  app.get('/criteo-auth', (req, res, next) => {
    if (https || req.host === callback.host) return next();
    res.redirect(`${callback.origin}/criteo-auth`);
  });
  app.get('/criteo-auth', authenticator.authenticate('criteo'));

  // 4. And back. The short form is `authenticate('criteo', { successRedirect: …, failureRedirect: … })`; a callback
  // of our own lets us say what went wrong.
  app.get(callback.pathname, (req, res, next) => {
    const done: AuthenticateCallback = (error: unknown, user, info) => {
      if (error) return next(error);
      if (!user) return fail(req, res, refusal(info));
      // Passport gives the person a new session at login. With `keepSessionInfo` what was in the old one comes along,
      // and with it the logins that are pending in other tabs.
      req.logIn(user, { session: true, keepSessionInfo: true }, (failed: unknown) =>
        failed ? next(failed) : res.redirect('/dashboard'),
      );
    };
    authenticator.authenticate('criteo', done)(req, res, next);
  });

  app.get('/dashboard', (req, res) => {
    const account = accountOf(req);
    if (!account) return res.redirect('/');
    const { notice } = req.session;
    delete req.session.notice;
    res.send(dashboardPage({ account, sandbox, notice, now: Date.now() }));
  });

  // 5. A new access token, without the person.
  app.post('/refresh', async (req, res) => {
    const account = accountOf(req);
    if (!account?.tokens.refreshToken) return res.redirect(303, '/');
    const fresh = await strategy.refresh(account.tokens.refreshToken);
    // Criteo may leave the refresh token out of the answer: then the old one stays good.
    account.tokens = { ...account.tokens, ...fresh };
    req.session.notice = 'The access token was refreshed.';
    res.redirect(303, '/dashboard');
  });

  // The account stays: the tokens are good for months, and work goes on when nobody is signed in.
  app.post('/sign-out', (req, res, next) => {
    req.logout((error: unknown) => (error ? next(error) : res.redirect(303, '/')));
  });

  app.use((req, res) => {
    fail(req, res, {
      status: 404,
      title: 'There is no such page',
      text: 'The address may be mistyped, or the page is gone.',
      facts: { code: 'not_found' },
    });
  });

  const failed: ErrorRequestHandler = (error: unknown, req, res, next) => {
    const failure = mishap(error, req.path === callback.pathname);
    // Errors of passport-criteo carry no secret, so they can go to the log as they are.
    log(
      failure.status === 500 && error instanceof Error
        ? `${error.stack}`
        : `${failure.facts.code}: ${failure.facts.message}`,
    );
    if (res.headersSent) return next(error);
    fail(req, res, failure);
  };
  app.use(failed);
  return app;
}

function accountOf(req: Request): Account | undefined {
  return req.user instanceof Account ? req.user : undefined;
}

function asset(type: string, text: string): RequestHandler {
  return (_req, res) => {
    res.set('Cache-Control', 'public, max-age=300').type(type).send(text);
  };
}

/** What helmet would send for pages like these: nothing from elsewhere, no frames, nothing kept by caches. */
const headers: RequestHandler = (_req, res, next) => {
  res.set({
    'Cache-Control': 'no-store',
    'Content-Security-Policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    'Cross-Origin-Opener-Policy': 'same-origin',
    // Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  });
  next();
};
