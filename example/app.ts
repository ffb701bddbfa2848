import express, { type ErrorRequestHandler, type Express } from 'express';
import session from 'express-session';
import passport from 'passport';
import { CriteoClient, type CriteoStrategyOptions, type TokenSet, TokenSource } from 'passport-criteo';
import { connect } from './connect';
import { dashboard } from './dashboard';
import { failureOfError } from './failures';
import { invite } from './invite';
import { icon } from './layout';
import { failurePage, homePage } from './pages';
import { connectCallback } from './paths';
import { registrationOf } from './registration';
import { script } from './script';
import { signIn } from './sign-in';
import { asset, headers, oneHost, ownForms, type Site } from './site';
import { style } from './style';
import { User, Users, userOf } from './users';

export interface AppOptions {
  /** The Criteo app, and the URLs of Criteo or of the sandbox: options of `CriteoStrategy`. */
  criteo: CriteoStrategyOptions;
  /** Signs the session cookie. */
  sessionSecret: string;
  /** The connector's key pair, for invitations: the public signing key and the signing secret. */
  signing?: { key: string; secret: string } | undefined;
  /** The sandbox, if the example uses one instead of Criteo: its address, and its time in milliseconds since the epoch. */
  sandbox?: { readonly url: string; readonly now: number } | undefined;
  /** Writes a line about a failure or error. @default console.error */
  log?: (line: string) => void;
}

/** Returns the example: an Express app whose users sign in with Criteo, and connect their advertisers. */
export function createApp({ criteo, signing, sessionSecret, sandbox, log = console.error }: AppOptions): Express {
  const home = new URL(criteo.callbackURL);
  const things = criteo.service === 'retail-media' ? 'accounts' : 'advertisers';

  // Most apps use the `passport` that the module exports. A separate instance lets tests run several apps in one process.
  const authenticator = new passport.Passport();

  // Stores the tokens on the server, never in the session, and refreshes them. A Map is enough for an example. A real app
  // uses its database (for instance with Keyv) and encrypts the tokens. A refresh token is valid for six months, and a new
  // consent may not be possible before the old one is revoked, so lost tokens are hard to replace.
  const store = new Map<string, TokenSet>();
  const tokens = new TokenSource({ client: new CriteoClient(criteo), store });

  // The session contains only the user's id.
  const users = new Users(tokens);
  authenticator.serializeUser((user, done) => done(null, user instanceof User ? user.id : false));
  authenticator.deserializeUser((id: string, done) => done(null, users.find(id) ?? false));

  const site: Site = {
    passport: authenticator,
    criteo,
    users,
    tokens,
    store,
    signing,
    log,
    now: () => sandbox?.now ?? Date.now(),
    view: (req) => ({ user: userOf(req), sandbox, things }),
    fail: (req, res, failure) => {
      res.status(failure.status).send(failurePage(site.view(req), failure));
    },
  };

  const app = express();
  app.disable('x-powered-by');
  // Behind a proxy on this machine that ends TLS, `req.secure` must be right, because otherwise no cookie is set.
  app.set('trust proxy', 'loopback');
  app.use(headers);
  app.get('/style.css', asset('text/css', style));
  app.get('/app.js', asset('text/javascript', script));
  app.get('/icon.svg', asset('image/svg+xml', icon));
  app.use(oneHost(home));

  // Before everything that reads bodies, and before the check of the forms' origin: these requests come from Criteo.
  const invitations = invite(site);
  app.use(invitations.callback);

  // The session contains the pending login until Criteo sends the user back. SameSite must be Lax: with Strict, the
  // browser does not send the cookie when it returns from Criteo. The memory store of express-session is for development
  // only: a real app sets `store`.
  app.use(
    session({
      name: 'example.sid',
      secret: sessionSecret,
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax', secure: home.protocol === 'https:' },
    }),
  );
  app.use(authenticator.session());
  app.use(ownForms(home, site));
  app.use(express.urlencoded({ extended: false, limit: '10kb' }));

  app.get('/', (req, res) => {
    res.send(homePage(site.view(req), registrationOf(criteo)));
  });
  app.use(signIn(site));
  app.use(connect(site));
  app.use(dashboard(site));
  app.use(invitations.pages);

  app.use((req, res) => {
    site.fail(req, res, {
      status: 404,
      title: 'There is no such page',
      text: 'Check the address. The page may have been removed.',
      facts: { code: 'not_found' },
    });
  });

  const failed: ErrorRequestHandler = (error: unknown, req, res, next) => {
    const failure = failureOfError(error, { things, comingBack: [home.pathname, connectCallback].includes(req.path) });
    // Errors of passport-criteo contain no secrets, so they can be logged unchanged.
    log(
      failure.status === 500 && error instanceof Error
        ? `${error.stack}`
        : `${failure.facts.code}: ${failure.facts.message}`,
    );
    if (res.headersSent) return next(error);
    site.fail(req, res, failure);
  };
  app.use(failed);
  return app;
}
