// The public API as a TypeScript user writes it: compiled strictly against the installed package, never run.
import express, { type Request } from 'express';
import passport from 'passport';
import {
  authenticateOptions,
  ConsentCallbackError,
  type ConsentEvent,
  CookieStateStore,
  CriteoAPIError,
  CriteoAuthorizationError,
  CriteoClient,
  type CriteoProfile,
  CriteoStrategy,
  type CriteoStrategyOptions,
  CriteoTokenError,
  CriteoTransportError,
  consentCallback,
  createConsentURL,
  type Login,
  ReauthorizationRequiredError,
  SessionStateStore,
  Strategy,
  signConsentCallback,
  type TokenSet,
  TokenSource,
  type TokenStore,
  type Verified,
  verifyConsentCallback,
} from 'passport-criteo';
import { createSandbox, type Sandbox } from 'passport-criteo/sandbox';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => {};

const registered = { clientID: 'id', clientSecret: 'secret', callbackURL: 'https://app.example.com/callback' };

// Every parameter is inferred, in all four classic forms.
new Strategy(registered, (accessToken, refreshToken, profile, done) => {
  same<typeof accessToken, string>(true);
  same<typeof refreshToken, string | undefined>(true);
  same<typeof profile, CriteoProfile | undefined>(true);
  same<typeof done, Verified>(true);
  done(null, { id: profile?.id });
});
new Strategy(registered, async (accessToken, refreshToken, params, profile, done) => {
  same<typeof accessToken, string>(true);
  same<typeof refreshToken, string | undefined>(true);
  same<typeof params, Record<string, unknown>>(true);
  same<typeof profile, CriteoProfile | undefined>(true);
  same<typeof done, Verified>(true);
  done(new Error('no'));
});
new Strategy({ ...registered, passReqToCallback: true }, (req, accessToken, refreshToken, profile, done) => {
  same<typeof accessToken, string>(true);
  same<typeof refreshToken, string | undefined>(true);
  same<typeof profile, CriteoProfile | undefined>(true);
  const request: Request = req;
  done(null, request.user ?? false, { message: 'linked' });
});
new Strategy(
  { ...registered, passReqToCallback: true, bindTo: (req) => req.headers.authorization },
  (req, accessToken, refreshToken, params, profile, done) => {
    same<typeof accessToken, string>(true);
    same<typeof refreshToken, string | undefined>(true);
    same<typeof params, Record<string, unknown>>(true);
    same<typeof profile, CriteoProfile | undefined>(true);
    done(null, req.user ?? false, 'a challenge');
  },
);
new Strategy(registered, (...args) => args.at(-1));
new CriteoStrategy({
  ...registered,
  service: 'retail-media',
  requireUserProfile: false,
  async verify(login) {
    same<typeof login, Login>(true);
    same<typeof login.tokens, TokenSet>(true);
    return login.profile ? { id: login.profile.accounts[0]?.id } : null;
  },
});
new CriteoStrategy({ clientID: 'id', pkce: true, callbackURL: registered.callbackURL, verify: () => false });

// With `requireUserProfile: true` written down and nothing that skips it, there is a profile, in every form.
new CriteoStrategy({
  ...registered,
  verify: async ({ profile }) => {
    same<typeof profile, CriteoProfile>(true);
    return { id: profile.id };
  },
  requireUserProfile: true,
});
new CriteoStrategy({
  ...registered,
  requireUserProfile: true,
  skipUserProfile: false,
  verify(login) {
    same<typeof login, Login<CriteoProfile>>(true);
    return { id: login.profile.id };
  },
});
new Strategy({ ...registered, requireUserProfile: true }, (accessToken, refreshToken, profile, done) => {
  same<typeof accessToken, string>(true);
  same<typeof refreshToken, string | undefined>(true);
  same<typeof profile, CriteoProfile>(true);
  done(null, { id: profile.id });
});
new Strategy({ ...registered, requireUserProfile: true }, (_accessToken, _refreshToken, params, profile, done) => {
  same<typeof params, Record<string, unknown>>(true);
  same<typeof profile, CriteoProfile>(true);
  done(null, { id: profile.id });
});
new Strategy(
  { ...registered, requireUserProfile: true, passReqToCallback: true },
  (req, _accessToken, _refreshToken, profile, done) => {
    same<typeof profile, CriteoProfile>(true);
    done(null, req.user ?? { id: profile.id });
  },
);
new Strategy(
  { ...registered, requireUserProfile: true, passReqToCallback: true },
  (req, _accessToken, _refreshToken, params, profile, done) => {
    same<typeof params, Record<string, unknown>>(true);
    same<typeof profile, CriteoProfile>(true);
    done(null, req.user ?? { id: profile.id });
  },
);
// A `verify` that takes less for granted fits as well.
const careful = async ({ profile }: Login): Promise<false | { id: string }> => (profile ? { id: profile.id } : false);
new CriteoStrategy({ ...registered, requireUserProfile: true, verify: careful });
new CriteoStrategy({ ...registered, verify: careful });

// Everything else leaves it optional: not required, skipped, or options that only a run decides.
declare const settings: CriteoStrategyOptions;
declare const isRequired: boolean;
new CriteoStrategy({
  ...registered,
  verify({ profile }) {
    same<typeof profile, CriteoProfile | undefined>(true);
    return false;
  },
});
new CriteoStrategy({
  ...registered,
  requireUserProfile: true,
  skipUserProfile: (_accessToken, done) => done(null, true),
  verify({ profile }) {
    same<typeof profile, CriteoProfile | undefined>(true);
    return false;
  },
});
new CriteoStrategy({
  ...registered,
  requireUserProfile: isRequired,
  verify({ profile }) {
    same<typeof profile, CriteoProfile | undefined>(true);
    return false;
  },
});
new CriteoStrategy({
  ...settings,
  requireUserProfile: true,
  verify({ profile }) {
    same<typeof profile, CriteoProfile | undefined>(true);
    return false;
  },
});
new Strategy({ ...registered, requireUserProfile: true, skipUserProfile: true }, (_access, _refresh, profile, done) => {
  same<typeof profile, CriteoProfile | undefined>(true);
  done(null, false);
});

// A refusal at once, as a promise, or as a thenable, as database libraries return them.
new CriteoStrategy({ ...registered, verify: async () => false });
new CriteoStrategy({ ...registered, verify: async () => null });
declare const query: PromiseLike<{ id: string } | null>;
new CriteoStrategy({ ...registered, verify: () => query });

const options: CriteoStrategyOptions = {
  ...registered,
  store: new SessionStateStore({ key: 'criteo', limit: 5, maxAge: 300_000 }),
  bindTo: (req) => req.headers.authorization,
};
passport.use(new Strategy(options, () => {}));
const cookies = new CookieStateStore({ secret: ['x'.repeat(32), 'y'.repeat(32)] });
passport.use('stateless', new Strategy({ ...registered, store: cookies }, () => {}));

const client = new CriteoClient({ clientID: 'id', clientSecret: 'secret' });
const store: TokenStore = new Map<string, TokenSet>();
const tokens = new TokenSource({ client, store, skew: 60_000, lock: async (_key, work) => work() });
const machine = new TokenSource({ client, grant: 'client_credentials' });

export async function worker(strategy: CriteoStrategy): Promise<unknown> {
  try {
    const fresh: TokenSet = await strategy.refresh('refresh token');
    await tokens.save('user-1', fresh);
    const token: string = await tokens.accessToken('user-1', { force: true });
    const response: Response = await tokens.fetch('user-1', '/2026-07/advertisers/me', { method: 'GET' });
    return [token, response.status, await machine.accessToken()];
  } catch (error) {
    if (error instanceof ReauthorizationRequiredError) return error.reauthorize;
    if (
      error instanceof CriteoTokenError ||
      error instanceof CriteoAPIError ||
      error instanceof CriteoTransportError ||
      error instanceof CriteoAuthorizationError
    ) {
      const facts: { code: string; status: number; retryable: boolean; traceId?: string | undefined } = error;
      return facts;
    }
    throw error;
  } finally {
    await tokens.delete('user-1');
  }
}

export const url: string = createConsentURL({
  key: 'public',
  secret: 'signing',
  state: 'user-42',
  redirectURI: 'https://app.example.com/done',
  timestamp: new Date(),
});
const app = express();
app.post(
  '/criteo-consent',
  consentCallback({
    secret: ['signing', 'previous'],
    limit: '1mb',
    timeout: 5_000,
    async onConsent(event) {
      same<typeof event, ConsentEvent>(true);
    },
  }),
);
app.get('/criteo-auth', passport.authenticate('criteo'));
try {
  verifyConsentCallback(Buffer.from('{}'), signConsentCallback('{}', 'signing'), 'signing');
} catch (error) {
  if (error instanceof ConsentCallbackError) error.status satisfies number;
}

export async function trial(): Promise<string> {
  const sandbox: Sandbox = await createSandbox({ port: 0, app: { pkce: false } });
  new Strategy({ ...sandbox.app, ...sandbox.endpoints, callbackURL: 'http://127.0.0.1/cb', verify: () => null });
  sandbox.advance(31_000);
  await sandbox.revoke();
  await sandbox.deny(url);
  const back = await sandbox.approve(url, { advertisers: ['13'] });
  await sandbox.close();
  return back;
}

// Options of one login, beside Passport's own, without a cast.
const returnTo = '/reports';
const callbackURL = 'https://app.example.com/criteo-connect/callback';
app.get('/criteo-auth', passport.authenticate('criteo', authenticateOptions({ state: { returnTo } })));
app.get('/criteo-connect', passport.authorize('criteo', authenticateOptions({ callbackURL, failureRedirect: '/' })));
// @ts-expect-error Passport's own options are checked
app.get('/wrong', passport.authenticate('criteo', authenticateOptions({ state: 1, failureRedirect: 1 })));
