import { expect } from 'chai';
import cookieSession from 'cookie-session';
import { CriteoStrategy, type CriteoStrategyOptions, type Login } from '../../../../lib/index';
import type { SandboxAppOptions } from '../../../../lib/sandbox';
import { type Mount, type RunningApp, routes, sessions } from '../support';
import { type Bench, type Mistake, shown, warned } from './mistake';

const verify = ({ profile }: Login) => ({ id: String(profile?.id) });

/** Mounts {@link routes} with other options of the strategy. */
const withOptions =
  (options: Partial<CriteoStrategyOptions>): Mount =>
  (app, passport, given) =>
    routes(sessions())(app, passport, { ...given, ...options } as CriteoStrategyOptions);

/** Returns what a whole login ends with. */
const signingIn =
  (mount: Mount, change: (running: RunningApp) => unknown = () => {}, options: { tls?: boolean } = {}) =>
  async ({ open }: Bench): Promise<string> => {
    const running = await open(mount, options);
    change(running);
    return shown(await running.finish(await running.begin()));
  };

/** Returns what Criteo’s page, which is the sandbox’s here, shows instead of the consent page. */
const atCriteo =
  (mount: Mount, change: (running: RunningApp) => unknown = () => {}) =>
  async ({ open }: Bench): Promise<string> => {
    const running = await open(mount);
    change(running);
    const { status, body } = await running.client.get(await running.begin());
    expect(status).to.equal(400);
    return body.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
  };

/** Mounts {@link routes} with another `verify`: among the options, or as the second argument. */
const verifying =
  (options: object, ...classic: unknown[]): Mount =>
  (app, passport, given) => {
    routes(sessions())(app, passport, given);
    passport.use('criteo', Reflect.construct(CriteoStrategy, [{ ...given, ...options }, ...classic]) as CriteoStrategy);
  };

/** Puts another Criteo app in the place of the first one. */
const withApp = ({ sandbox, restart }: RunningApp, registered: SandboxAppOptions): void => {
  const keys = [{ clientID: 'registered', clientSecret: 'secret' }] as const;
  sandbox.addApp({ ...registered, keys });
  restart(withOptions(keys[0]));
};

export const setUpMistakes: Mistake[] = [
  {
    mistake: 'no session middleware',
    says: 'session_missing: There is no req.session: mount session middleware (express-session, say) before passport.authenticate',
    fix: 'mount it, or use a [`CookieStateStore`](state-stores.md)',
    make: async ({ open }) => shown(await (await open(routes())).client.get('/criteo-auth')),
  },
  {
    mistake: 'the session middleware comes after the routes',
    says: 'session_missing: There is no req.session: … on the login route and on the callback route',
    fix: 'mount it before them',
    make: async ({ open }) => {
      const { client } = await open((app, passport, options) => {
        routes()(app, passport, options);
        app.use(sessions());
      });
      return shown(await client.get('/criteo-auth'));
    },
  },
  {
    mistake: 'a session cookie with `SameSite=Strict`',
    says: "state_unknown: The browser sent no cookie with the callback. The session cookie is SameSite=Strict, so browsers leave it out when they come back from Criteo. Set it to sameSite: 'lax'",
    fix: "`sameSite: 'lax'`",
    make: signingIn(routes(sessions({ cookie: { sameSite: 'strict' } }))),
  },
  {
    mistake: 'a `Secure` session cookie, and http in development',
    says: 'state_unknown: The browser sent no cookie with the callback. The session cookie is Secure, but the app is used over http, so the cookie was never set.',
    fix: "`secure: process.env.NODE_ENV === 'production'`",
    make: signingIn(routes(sessions({ cookie: { secure: true } }))),
  },
  {
    mistake: 'a `Secure` session cookie behind a proxy, and no `trust proxy`',
    says: "state_unknown: … Most likely a proxy ends TLS before the app: let the app trust it, app.set('trust proxy', 1) in Express, and the proxy send X-Forwarded-Proto.",
    fix: "[`app.set('trust proxy', 1)`](networks.md#behind-a-reverse-proxy)",
    make: signingIn(routes(sessions({ cookie: { secure: true } })), () => {}, { tls: true }),
  },
  {
    mistake: 'the app is opened on 127.0.0.1, and `callbackURL` says localhost',
    says: 'state_unknown: … cookies stay with their host, and localhost and 127.0.0.1 are two',
    fix: 'open the host of `callbackURL`',
    make: async ({ open }) => {
      const running = await open(routes(sessions()));
      const start = `${running.origin.replace('localhost', '127.0.0.1')}/criteo-auth`;
      return shown(await running.finish(await running.begin(start)));
    },
  },
  {
    mistake: 'sessions in memory, and a restart during the login',
    says: 'state_unknown: The browser sent the cookie of a session that is gone. Most likely it was in the memory of a process that was restarted, or of another process',
    fix: '[a session store that all processes share](state-stores.md#many-processes)',
    make: async ({ open }) => {
      const running = await open(routes(sessions()));
      const consentPage = await running.begin();
      running.restart(routes(sessions()));
      return shown(await running.finish(consentPage));
    },
  },
  {
    mistake: 'cookie-session as it is',
    says: 'req.session.regenerate is not a function',
    fix: '[two methods that do nothing](state-stores.md#cookie-session): it is Passport that calls them',
    make: signingIn(routes(cookieSession({ keys: ['key'] }))),
  },
  {
    mistake: '`passport.session()` is not mounted, so no user is signed in on the next page',
    says: 'CRITEO_SESSION_NOT_READ: The session has a signed-in user (req.session.passport.user), but req.user is not set. Most likely passport.session() is not mounted',
    fix: '`app.use(passport.session())` after the session middleware',
    make: async ({ open }) => {
      const running = await open(routes(sessions()));
      await running.finish(await running.begin());
      return warned(() => running.begin());
    },
  },
  {
    mistake: '`failureRedirect` alone: users land on the login page, and the reason is lost',
    says: 'CRITEO_UNREAD_FAILURE: A login failed: access_denied: The user declined at Criteo. – The app does not show why, because failureRedirect alone sends the user to another page without a word. Add failureMessage: true',
    fix: '`failureMessage: true`, or [a callback](errors.md#handle-both)',
    make: async ({ open }) => {
      const mount: Mount = (app, passport, options) => {
        passport.use(new CriteoStrategy({ ...options, verify }));
        app.use(sessions());
        const signIn = passport.authenticate('criteo', { failureRedirect: '/login' });
        app.get(['/criteo-auth', '/criteo-auth/callback'], signIn);
      };
      const { sandbox, client, begin } = await open(mount);
      return warned(async () => client.get(await sandbox.deny(await begin())));
    },
  },
  {
    mistake: 'the callback of `passport.authenticate` is async and throws the error that it is told',
    says: 'CRITEO_CALLBACK_FAILED: The callback given to passport.authenticate threw or rejected while it was told the error invalid_client … Let it pass errors on: if (error) return next(error).',
    fix: '`if (error) return next(error)`',
    make: async ({ open }) => {
      const running = await open((app, passport, options) => {
        passport.use(new CriteoStrategy({ ...options, clientSecret: 'wrong', verify }));
        app.use(sessions());
        app.get('/criteo-auth', passport.authenticate('criteo'));
        app.get('/criteo-auth/callback', (req, res, next) => {
          const done = async (error: unknown): Promise<void> => {
            // Without this, the test would wait for a response that never comes.
            res.status(500).json('lost');
            if (error) throw error;
          };
          passport.authenticate('criteo', done)(req, res, next);
        });
      });
      return warned(async () => running.finish(await running.begin()));
    },
  },
];

export const routeMistakes: Mistake[] = [
  {
    mistake: 'one route for login and callback; or the callback URL is opened from a bookmark',
    says: 'state_missing: The callback URL was opened without parameters, so no login was started. … If this is the login route as well: give it a path of its own',
    fix: '[two paths](troubleshooting.md#the-callback-url-opened-by-itself)',
    make: async ({ open }) => shown(await (await open(routes(sessions()))).client.get('/criteo-auth/callback')),
  },
  {
    mistake: '`{ callbackURL }` is given to one of the two routes only',
    says: 'login_mismatch: The login was started with the callbackURL … but finished with … Give passport.authenticate (or authorize) the same callbackURL on both routes',
    fix: 'the same options on both routes',
    make: async ({ open }) => {
      const { origin, finish, begin } = await open((app, passport, options) => {
        routes(sessions())(app, passport, options);
        const callbackURL = `${new URL(options.callbackURL).origin}/criteo-auth/callback?from=settings`;
        app.get('/connect', passport.authenticate('criteo', { callbackURL } as object));
      });
      return shown(await finish(await begin(`${origin}/connect`)));
    },
  },
  {
    mistake: '`passport.authenticate` on the one route, `passport.authorize` on the other',
    says: 'login_mismatch: The login was started by passport.authenticate but finished by passport.authorize. Use passport.authorize on both routes',
    fix: 'the same method on both',
    make: async ({ open }) => {
      const running = await open((app, passport, options) => {
        passport.use(new CriteoStrategy({ ...options, verify }));
        app.use(sessions());
        app.get('/criteo-auth', passport.authenticate('criteo'));
        app.get('/criteo-auth/callback', (req, res, next) => {
          const done = (error: unknown, _user: unknown, info: unknown) => (error ? next(error) : res.json(info));
          passport.authorize('criteo', {}, done)(req, res, next);
        });
      });
      return shown(await running.finish(await running.begin()));
    },
  },
  {
    mistake: 'two strategies, and the callback route names the other one',
    says: 'state_unknown: The login was started by the strategy ["criteo-retail", … but its callback came to ["criteo", … Authenticate with one strategy on both routes',
    fix: '[a name and a callback URL for each](connect.md#two-criteo-apps-in-one-process)',
    make: async ({ open }) => {
      const { origin, finish, begin } = await open((app, passport, options) => {
        routes(sessions())(app, passport, options);
        passport.use(new CriteoStrategy({ ...options, name: 'criteo-retail', verify }));
        app.get('/retail', passport.authenticate('criteo-retail'));
      });
      return shown(await finish(await begin(`${origin}/retail`)));
    },
  },
  {
    mistake: 'a signed-in user without an id, of `{ email }` say',
    says: 'user_unidentified: A user is signed in, but req.user has no id that can be told: … set the option bindTo of CriteoStrategy to a function of the request',
    fix: '[`bindTo`](connect.md#the-user-who-started-it-finishes-it)',
    make: async ({ open }) => {
      const { client } = await open((app, passport, options) => {
        app.use((req, _res, next) => {
          Object.assign(req, { user: { email: 'ada@example.com' } });
          next();
        });
        routes(sessions())(app, passport, options);
      });
      return shown(await client.get('/criteo-auth'));
    },
  },
  {
    mistake: 'too much in the option `state` of `passport.authenticate`, such as the user with tokens',
    says: 'state_too_large: The option state of passport.authenticate takes more than the 2048 bytes (as JSON) that SessionStateStore keeps for a login: keep it elsewhere and give a key to it.',
    fix: 'an id or a path',
    make: async ({ open }) => {
      const { origin, client } = await open((app, passport, options) => {
        app.use(sessions());
        app.get('/large', passport.authenticate('criteo', { state: { user: 'x'.repeat(3000) } } as object));
        routes()(app, passport, options);
      });
      return shown(await client.get(`${origin}/large`));
    },
  },
];

export const verifyMistakes: Mistake[] = [
  {
    mistake: 'a `return` is missing in `verify`',
    says: 'login_refused: verify gave undefined, so there is no user. Most likely a return is missing in it. Return the user, or false to refuse the login.',
    fix: 'return the user',
    make: signingIn(verifying({ verify: async () => {} })),
  },
  {
    mistake: 'a classic `verify` that is async and returns the user, but never calls `done`',
    says: 'hook_timeout: verify did not respond within 300 ms (the option timeout)',
    fix: 'call `done`, or use the modern form',
    make: signingIn(
      verifying({ timeout: 300 }, async (_1: string, _2: string, _3: object, _4: object) => ({ id: 'ada' })),
    ),
  },
];

export const criteoMistakes: Mistake[] = [
  {
    mistake: 'a wrong client secret',
    says: 'invalid_client: Criteo refused the token request: invalid_client … Check clientID and clientSecret against the Criteo Partners Portal.',
    fix: 'copy it whole: secrets may contain `+` and `/`',
    make: signingIn(withOptions({ clientSecret: 'wrong' })),
  },
  {
    mistake: 'a wrong client id',
    says: 'Unknown client_id',
    fix: 'compare it with the portal. Criteo shows a page of its own: your app gets no request',
    make: atCriteo(withOptions({ clientID: 'wrong' })),
  },
  {
    mistake: '`callbackURL` is not registered',
    says: 'The redirect_uri is not registered … The text must be the same, letter for letter.',
    fix: 'register it. Criteo shows a page of its own',
    make: atCriteo(routes(sessions()), (running) => {
      withApp(running, { redirectURIs: [`${running.origin}/criteo-auth/callback/`] });
    }),
  },
  {
    mistake: 'PKCE is on in the portal, and off in the strategy',
    says: 'PKCE is on for this app The request has no code_challenge.',
    fix: '`pkce: true`. Criteo shows a page of its own',
    make: atCriteo(routes(sessions()), (running) => withApp(running, { pkce: true })),
  },
  {
    mistake: "an app of Marketing Solutions, and `service: 'retail-media'`",
    says: 'or the app belongs to the other service (check the option service)',
    fix: 'the service that the portal shows for the app',
    make: signingIn(withOptions({ service: 'retail-media' })),
  },
  {
    mistake: 'an `apiVersion` that has ended',
    says: "Criteo's API responded with 410: this API version was decommissioned; set the option apiVersion to a version that Criteo supports",
    fix: 'leave `apiVersion` out, or set a later one',
    make: signingIn(withOptions({ apiVersion: '2025-01' }), ({ sandbox }) => sandbox.fault({ on: 'api', status: 410 })),
  },
  {
    mistake: 'a breakpoint in the callback: more than 30 seconds until the exchange',
    says: 'invalid_grant: Criteo refused the token request: invalid_grant … The code or refresh token is used, expired or revoked',
    fix: 'start again; set the breakpoint in `verify`',
    make: async ({ open }) => {
      const running = await open(routes(sessions()));
      const callback = await running.sandbox.approve(await running.begin());
      running.sandbox.advance(31_000);
      return shown(await running.client.get(callback));
    },
  },
  {
    mistake: 'the callback is loaded once more: reload, back button',
    says: 'state_unknown: This session holds no pending login. Most likely the login is over and its callback was loaded once more (reload, back button).',
    fix: 'redirect after the callback, as `successRedirect` does',
    make: async ({ open }) => {
      const running = await open(routes(sessions()));
      const callback = await running.sandbox.approve(await running.begin());
      await running.client.get(callback);
      return shown(await running.client.get(callback));
    },
  },
  {
    mistake: 'two tabs: the login in the other one was finished first',
    says: 'Or a login in another tab was finished first: Passport then gives the user a new session, without what was pending, unless passport.authenticate has keepSessionInfo: true.',
    fix: '[`keepSessionInfo: true`](sign-in.md#a-login-gives-the-user-a-new-session)',
    make: async ({ open }) => {
      const running = await open(routes(sessions()));
      const [one, other] = [await running.begin(), await running.begin()];
      await running.finish(one);
      return shown(await running.finish(other));
    },
  },
  {
    mistake: 'another user signs in while the consent page is open',
    says: 'user_changed: The login was started by another user than the one who finishes it. Most likely another user signed in meanwhile, in another tab',
    fix: 'start again',
    make: async ({ open }) => {
      let user = { id: 'ada' };
      const running = await open((app, passport, options) => {
        app.use((req, _res, next) => {
          Object.assign(req, { user });
          next();
        });
        routes(sessions())(app, passport, options);
      });
      const consentPage = await running.begin();
      user = { id: 'bob' };
      return shown(await running.finish(consentPage));
    },
  },
];
