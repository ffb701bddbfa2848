import { MemoryStore } from 'express-session';
import { CookieStateStore } from '../../../../lib/index';
import { app, construct } from '../../../support/strategy';
import { type Mistake, thrown, warned } from './mistake';

const verify = () => ({ id: 'ada' });
/** Returns what the constructor says to these options, beside right ones. */
const making =
  (options: object, ...classic: unknown[]) =>
  () =>
    thrown(() => construct({ ...app, ...(classic.length === 0 && { verify }), ...options }, ...classic));

export const optionMistakes: Mistake[] = [
  {
    mistake: 'an option is misspelt: `clientId`',
    says: 'there is no option "clientId". Did you mean clientID?',
    fix: '`clientID`',
    make: making({ clientId: 'id' }),
  },
  {
    mistake: 'an option has the name of another library: `redirectUri`',
    says: 'there is no option "redirectUri". Did you mean callbackURL?',
    fix: '`callbackURL`',
    make: making({ redirectUri: app.callbackURL }),
  },
  {
    mistake: 'the misspelt option is one that keeps tokens: `requireUserprofile: false`',
    says: 'there is no option "requireUserprofile". Did you mean requireUserProfile?',
    fix: '`requireUserProfile`',
    make: making({ requireUserprofile: false }),
  },
  {
    mistake: 'an environment variable is missing, so `clientSecret` is `undefined`',
    says: 'the option clientSecret must be a non-empty string, as shown in the Criteo Partners Portal',
    fix: 'set the variable, or load the `.env` file before',
    make: making({ clientSecret: undefined }),
  },
  {
    mistake: 'the secret was read from a file, with its line end',
    says: 'the option clientSecret starts or ends with white space: remove it (a line end from a file, perhaps)',
    fix: '`.trim()`',
    make: making({ clientSecret: 'secret\n' }),
  },
  {
    mistake: '`callbackURL` is a path, as other strategies allow',
    says: 'the option callbackURL must be an absolute URL, such as https://app.example.com/path',
    fix: 'the whole URL, as it is registered with Criteo',
    make: making({ callbackURL: '/criteo-auth/callback' }),
  },
  {
    mistake: '`callbackURL` is http on a public host',
    says: 'the option callbackURL must use https (http is allowed on localhost, 127.0.0.1 and [::1] only)',
    fix: 'https: Criteo requires it as well',
    make: making({ callbackURL: 'http://app.example.com/criteo-auth/callback' }),
  },
  {
    mistake: '`service` is guessed: `retail_media`',
    says: "the option service must be 'marketing-solutions' or 'retail-media'",
    fix: '`retail-media`',
    make: making({ service: 'retail_media' }),
  },
  {
    mistake: '`apiVersion` is half a version: `2026`',
    says: "the option apiVersion must be a version like '2026-07', or 'preview' or 'experimental'",
    fix: 'leave it out, or take one from Criteo’s documents',
    make: making({ apiVersion: '2026' }),
  },
  {
    mistake: 'Retail Media in the version `preview`',
    says: "the option apiVersion cannot be 'preview' with the service retail-media: that version has no retail-media/accounts",
    fix: 'a numbered version',
    make: making({ service: 'retail-media', apiVersion: 'preview' }),
  },
  {
    mistake: 'a `scope`, as for other providers',
    says: 'CRITEO_UNUSED_OPTION: CriteoStrategy: the option scope is not for Criteo: the permissions of an app are set in the Criteo Partners Portal',
    fix: 'choose the permissions in the portal',
    make: () => warned(() => construct({ ...app, verify, scope: 'profile' })),
  },
  {
    mistake: '`state: false`, to keep things simple',
    says: 'the option state cannot be false: state is what protects a login',
    fix: 'leave it out',
    make: making({ state: false }),
  },
  {
    mistake: 'the store of express-session as the option `store`',
    says: 'the option store must be a state store: an object with the methods store and verify',
    fix: 'leave it out: pending logins are in the session already. [State stores](state-stores.md)',
    make: making({ store: new MemoryStore() }),
  },
  {
    mistake: '`timeout` is a text',
    says: 'the option timeout must be a whole number of milliseconds',
    fix: '`timeout: 5_000`',
    make: making({ timeout: '5s' }),
  },
  {
    mistake: 'no `verify`',
    says: 'CriteoStrategy needs a verify function: as its second argument, or as the option verify',
    fix: '[`verify`](sign-in.md#verify)',
    make: making({ verify: undefined }),
  },
  {
    mistake: 'the modern `verify` as second argument: `({ profile }) => …`',
    says: 'verify has 1 parameters, so it cannot call back … A verify of one parameter goes into the options: new CriteoStrategy({ ...options, verify })',
    fix: 'among the options',
    make: making({}, (_login: object) => ({ id: 'ada' })),
  },
  {
    mistake: 'the classic `verify` among the options: `verify: (accessToken, refreshToken, profile, done) => …`',
    says: 'the option verify has 4 parameters, but it gets one object: ({ req, profile, tokens }) => …. A classic verify goes after the options: new CriteoStrategy(options, verify)',
    fix: 'as second argument, or the modern form',
    make: making({ verify: (_1: string, _2: string, _3: object, _4: object) => {} }),
  },
  {
    mistake: 'a classic `verify` with one parameter too few: `(accessToken, profile, done) => …`',
    says: 'verify has 3 parameters, so it cannot call back: expected (accessToken, refreshToken, profile, done) or (accessToken, refreshToken, params, profile, done)',
    fix: 'name them all',
    make: making({}, (_1: string, _2: object, _3: object) => {}),
  },
  {
    mistake: 'a classic `verify` that names `req`, without `passReqToCallback`',
    says: 'verify has 6 parameters, so it cannot call back … or the option passReqToCallback: true',
    fix: '`passReqToCallback: true`',
    make: making({}, (_1: object, _2: string, _3: string, _4: object, _5: object, _6: object) => {}),
  },
  {
    mistake: 'a short secret for a `CookieStateStore`',
    says: 'CRITEO_WEAK_SECRET: CookieStateStore: the option secret has fewer than 32 characters, so that it might be guessed from a cookie; make one with `openssl rand -base64 32`',
    fix: 'a random one',
    make: () => warned(() => new CookieStateStore({ secret: 'keyboard cat' })),
  },
];
