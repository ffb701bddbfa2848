import * as openid from 'openid-client';
import { Strategy as OpenIDStrategy } from 'openid-client/passport';
import criteo from 'passport-criteo';
import { Strategy as GitHubStrategy } from 'passport-github2';
import { Strategy as GoogleStrategy } from 'passport-google-oauth20';
import OAuth2Strategy from 'passport-oauth2';

const user = { id: 1 };
const classic = (_access, _refresh, _profile, done) => done(null, user);
const id = { clientID: 'client-1', clientSecret: 'secret-1' };
export const callbackURL = 'https://app.example.com/auth/callback';

/**
 * Makes the strategies, all with state and with the same server: `origin`/consent, /token and /profile.
 *
 * @param profile whether they fetch the profile.
 */
export function strategies({ origin = 'https://criteo.example', pkce = false, profile = false } = {}) {
  const authorizationURL = `${origin}/consent`;
  const tokenURL = `${origin}/token`;
  const userProfileURL = `${origin}/profile`;
  const common = { ...id, authorizationURL, tokenURL, callbackURL, state: true, pkce };
  const skipUserProfile = !profile;
  const plain = new OAuth2Strategy({ ...common, skipUserProfile }, classic);
  plain.userProfile = function (token, done) {
    this._oauth2.get(userProfileURL, token, (error, body) => done(error, error ? undefined : JSON.parse(body)));
  };
  return {
    'passport-criteo': new criteo.CriteoStrategy(
      { ...id, callbackURL, authorizationURL, apiURL: origin, tokenURL, userProfileURL, pkce, skipUserProfile },
      classic,
    ),
    'passport-oauth2': plain,
    'passport-google-oauth20': new GoogleStrategy({ ...common, userProfileURL, skipUserProfile }, classic),
    'passport-github2': new GitHubStrategy({ ...common, userProfileURL, skipUserProfile }, classic),
    // This strategy always uses PKCE, and does not fetch a profile itself.
    'openid-client': openIDStrategy({ authorizationURL, tokenURL, profileURL: profile && userProfileURL }),
  };
}

/** The modern verify, which returns a promise. */
export function modernStrategy() {
  return new criteo.CriteoStrategy({ ...id, callbackURL, skipUserProfile: true, verify: async () => user });
}

function openIDStrategy({ authorizationURL, tokenURL, profileURL }) {
  const { origin } = new URL(tokenURL);
  const server = { issuer: origin, authorization_endpoint: authorizationURL, token_endpoint: tokenURL };
  const config = new openid.Configuration(server, id.clientID, id.clientSecret);
  if (origin.startsWith('http:')) openid.allowInsecureRequests(config);
  return new OpenIDStrategy({ config, callbackURL, scope: 'profile' }, (tokens, done) => {
    if (!profileURL) return done(null, user);
    openid
      .fetchProtectedResource(config, tokens.access_token, new URL(profileURL), 'GET')
      .then((answer) => answer.json())
      .then(() => done(null, user), done);
  });
}

/** Replaces the token request by a fixed response. */
export function stubExchange(strategy) {
  const answer = { token_type: 'Bearer', expires_in: 900 };
  if (strategy._oauth2) {
    strategy._oauth2.getOAuthAccessToken = (_code, _params, done) => done(null, 'access-1', 'refresh-1', { ...answer });
  } else {
    const json = { ...answer, access_token: 'access-1', refresh_token: 'refresh-1' };
    strategy._config[openid.customFetch] = async () => Response.json(json);
  }
}

/** The parts of an Express request that the strategies read. */
class Request {
  method = 'GET';
  headers = {};
  protocol = 'https';
  app = { get: () => () => false };

  constructor(query, session) {
    this.query = query;
    this.session = session;
    this.url = `/auth/callback?${new URLSearchParams(query)}`;
  }

  get originalUrl() {
    return this.url;
  }

  get() {
    return 'app.example.com';
  }
}

/** Makes a request that starts a login. */
export const fresh = (session = {}) => new Request({}, session);

/** Makes the callback request after `begin`. */
export async function comingBack(strategy) {
  const { session, redirect } = await begun(strategy);
  const state = new URL(redirect).searchParams.get('state');
  return new Request({ code: 'code-1', ...(state ? { state } : {}) }, session);
}

async function begun(strategy) {
  const request = fresh();
  return { session: request.session, redirect: await authenticate(strategy, request) };
}

/** Sends a request through a strategy like Passport. Returns a promise of the redirect's URL or the user. */
export function authenticate(strategy, request) {
  return new Promise((resolve, reject) => {
    const attempt = Object.create(strategy);
    attempt.redirect = resolve;
    attempt.success = resolve;
    attempt.fail = (info) => reject(new Error(`The login failed: ${JSON.stringify(info)}`));
    attempt.error = reject;
    attempt.authenticate(request, {});
  });
}

/** Runs a whole login with both requests. */
export const login = async (strategy) => authenticate(strategy, await comingBack(strategy));
