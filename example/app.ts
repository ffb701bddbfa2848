import express, { type ErrorRequestHandler, type Express } from 'express';
import session from 'express-session';
import passport from 'passport';
import { CriteoClient, type CriteoStrategyOptions, type TokenSet, TokenSource } from 'passport-criteo';
import { icon, script, style } from './assets';
import { connect, connectCallback } from './connect';
import { dashboard } from './dashboard';
import { mishap } from './failures';
import { invite } from './invite';
import { failurePage, homePage } from './pages';
import { signIn } from './sign-in';
import { asset, headers, oneHost, ownForms, type Site } from './site';
import { User, Users, userOf } from './users';

/** What the app needs to know. */
export interface AppOptions {
  /** The Criteo app and where Criteo is: options of `CriteoStrategy`. */
  criteo: CriteoStrategyOptions;
  /** Signs the session cookie. */
  sessionSecret: string;
  /** The connector's key pair, for invitations: the public signing key, and the signing secret. */
  signing?: { key: string; secret: string } | undefined;
  /** Where the sandbox is, if one stands in for Criteo: the pages say so. */
  sandbox?: string | undefined;
  /** Where errors go. Default `console.error`. */
  log?: (line: string) => void;
}

/** The example: an Express app in which people sign in with Criteo, and connect what they have there. */
export function createApp({ criteo, signing, sessionSecret, sandbox, log = console.error }: AppOptions): Express {
  const home = new URL(criteo.callbackURL);
  const things = criteo.service === 'retail-media' ? 'accounts' : 'advertisers';

  // Most apps use the one `passport` that the module exports; an instance of its own lets tests run several apps.
  const authenticator = new passport.Passport();

  // Where tokens live, and what keeps them fresh. A Map for trying things out: a real app gives its database (any Keyv
  // will do), with the tokens encrypted. A refresh token lives for six months, and a new consent may not be possible
  // before the old one is revoked: a token set that is lost is hard to get again.
  const store = new Map<string, TokenSet>();
  const tokens = new TokenSource({ client: new CriteoClient(criteo), store });

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
    view: (req) => ({ user: userOf(req), sandbox, things }),
    fail: (req, res, failure) => {
      res.status(failure.status).send(failurePage(site.view(req), failure));
    },
  };

  const app = express();
  app.disable('x-powered-by');
  // Behind a proxy on this machine that ends TLS, `req.secure` must tell the truth, or no cookie would be set.
  app.set('trust proxy', 'loopback');
  app.use(headers);
  app.get('/style.css', asset('text/css', style));
  app.get('/app.js', asset('text/javascript', script));
  app.get('/icon.svg', asset('image/svg+xml', icon));
  app.use(oneHost(home));

  // Ahead of everything that reads bodies, and of the check that forms are our own: these come from Criteo, signed.
  const invitations = invite(site);
  app.use(invitations.callback);

  // A pending login is kept in the session until Criteo sends the person back. SameSite must be Lax: with Strict, the
  // browser would leave the cookie out when it comes back from Criteo. The memory store of express-session is for
  // trying things out: a real app gives `store`.
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
    res.send(homePage(site.view(req)));
  });
  app.use(signIn(site));
  app.use(connect(site));
  app.use(dashboard(site));
  app.use(invitations.pages);

  app.use((req, res) => {
    site.fail(req, res, {
      status: 404,
      title: 'There is no such page',
      text: 'The address may be mistyped, or the page is gone.',
      facts: { code: 'not_found' },
    });
  });

  const failed: ErrorRequestHandler = (error: unknown, req, res, next) => {
    const failure = mishap(error, { things, comingBack: [home.pathname, connectCallback].includes(req.path) });
    // Errors of passport-criteo carry no secret, so they can go to the log as they are.
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
