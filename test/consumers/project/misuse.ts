// What must not compile: each line fails the check the day that a type lets it through.
import {
  type ClassicVerifyWithParams,
  type ClassicVerifyWithRequestAndParams,
  CookieStateStore,
  CriteoClient,
  CriteoStrategy,
  type CriteoStrategyOptions,
  consentCallback,
  createConsentURL,
  type Login,
  SessionStateStore,
  type TokenSet,
  TokenSource,
} from 'passport-criteo';
import { createSandbox } from 'passport-criteo/sandbox';

const registered = { clientID: 'id', clientSecret: 'secret', callbackURL: 'https://app.example.com/callback' };
const { clientID, callbackURL } = registered;
declare const login: Login;
declare const withParams: ClassicVerifyWithParams;
declare const store: Map<string, TokenSet>;
declare const withRequest: ClassicVerifyWithRequestAndParams;

// @ts-expect-error an app without PKCE needs its secret
new CriteoStrategy({ clientID, callbackURL }, () => {});
// @ts-expect-error so it does in the modern form
new CriteoStrategy({ clientID, callbackURL, verify: () => null });
// @ts-expect-error and where PKCE is switched off
new CriteoStrategy({ clientID, callbackURL, pkce: false }, () => {});
// @ts-expect-error no client id
new CriteoStrategy({ clientSecret: 'secret', callbackURL }, () => {});
// @ts-expect-error no callback URL
new CriteoStrategy({ clientID, clientSecret: 'secret' }, () => {});
// @ts-expect-error no such service
new CriteoStrategy({ ...registered, service: 'commerce' }, () => {});
// @ts-expect-error state cannot be switched off
new CriteoStrategy({ ...registered, state: false }, () => {});
// @ts-expect-error milliseconds, not a text
new CriteoStrategy({ ...registered, timeout: '5s' }, () => {});
// @ts-expect-error a name that nobody reads
new CriteoStrategy({ ...registered, scope: 'profile', verify: () => null });

// @ts-expect-error no verify at all
new CriteoStrategy(registered);
// @ts-expect-error verify twice
new CriteoStrategy({ ...registered, verify: () => false }, () => {});
// @ts-expect-error the modern form has the request in its login
new CriteoStrategy({ ...registered, passReqToCallback: true, verify: () => false });
// @ts-expect-error six parameters need passReqToCallback
new CriteoStrategy(registered, withRequest);
// @ts-expect-error seven are too many for anything
new CriteoStrategy({ ...registered, passReqToCallback: true }, (_1, _2, _3, _4, _5, _6, _7) => {});
// @ts-expect-error with passReqToCallback, the first parameter is the request
new CriteoStrategy({ ...registered, passReqToCallback: true }, withParams);
// @ts-expect-error a refresh token may be missing
new CriteoStrategy(registered, (_accessToken, refreshToken: string, _profile, _done) => refreshToken);
// @ts-expect-error done takes an object of information third
new CriteoStrategy(registered, (_accessToken, _refreshToken, _profile, done) => done(null, false, 42));
// @ts-expect-error a function
new CriteoStrategy({ ...registered, verify: 'ada' });

// @ts-expect-error a return was forgotten
new CriteoStrategy({ ...registered, verify: () => {} });
// @ts-expect-error in a promise as well
new CriteoStrategy({ ...registered, verify: async () => {} });
// @ts-expect-error also if there is something before it
new CriteoStrategy({ ...registered, verify: async ({ tokens }) => void (await store.set('ada', tokens)) });
// @ts-expect-error also if the profile is required
new CriteoStrategy({ ...registered, requireUserProfile: true, verify: async () => {} });
// @ts-expect-error a profile that is not required may be missing
new CriteoStrategy({ ...registered, verify: ({ profile }) => ({ id: profile.id }) });
// @ts-expect-error one that is skipped is missing
new CriteoStrategy({ ...registered, requireUserProfile: true, skipUserProfile: true, verify: (at) => at.profile.id });
// @ts-expect-error in the classic form as well
new CriteoStrategy(registered, (_accessToken, _refreshToken, profile, done) => done(null, { id: profile.id }));
// @ts-expect-error Criteo tells no address
new CriteoStrategy({ ...registered, requireUserProfile: true, verify: ({ profile }) => ({ id: profile.email }) });
// @ts-expect-error the profile may be missing
login.profile.id;
// @ts-expect-error the application's state is whatever it put there
login.state.returnTo;
// @ts-expect-error as a variable, too, the options say whether there is a secret
export const options: CriteoStrategyOptions = { clientID, callbackURL };
// @ts-expect-error a secret to encrypt with
new CookieStateStore({});
// @ts-expect-error a number
new SessionStateStore({ limit: 'ten' });
// @ts-expect-error no such grant
new TokenSource({ client: new CriteoClient(registered), grant: 'password' });
// @ts-expect-error nobody takes the consent
consentCallback({ secret: 'signing' });
// @ts-expect-error where Criteo sends the person back to
createConsentURL({ key: 'public', secret: 'signing', state: '1' });
// @ts-expect-error no such fault
void createSandbox().then((sandbox) => sandbox.fault({ on: 'coffee' }));
