import type { CriteoOAuth2 } from '../criteo/node-oauth';
import { type CriteoProfile, fetchProfile, type Service } from '../criteo/profile';
import { askHook, GRACE } from './call-hook';

/** How the profile of a login is loaded, or why not. */
interface ProfileSource {
  /** The option `skipUserProfile`, called on `strategy` if it is a function. */
  skip: unknown;
  strategy: object;
  /** Milliseconds that the hooks may take. */
  timeout: number;
  /** The app's own `userProfile`, if it has one. */
  userProfile: ((accessToken: string, done: (error?: unknown, profile?: unknown) => void) => unknown) | undefined;
  /** Fetches the portfolio. */
  fetchPortfolio(accessToken: string): Promise<CriteoProfile>;
}

/** Loads the profile of a login, unless it is to be skipped. */
export async function loadProfile(source: ProfileSource, accessToken: string): Promise<CriteoProfile | undefined> {
  const { skip, userProfile, timeout } = source;
  if (typeof skip === 'function' ? await asksToSkip(source, skip, accessToken) : skip) return undefined;
  if (!userProfile) return source.fetchPortfolio(accessToken);
  // What the app's own hook calls a profile is up to the app.
  const ask = (answer: (error?: unknown, profile?: unknown) => void): unknown => userProfile(accessToken, answer);
  const [profile] = await askHook('userProfile', timeout + GRACE, ask);
  return profile as CriteoProfile | undefined;
}

async function asksToSkip(
  { strategy, timeout }: ProfileSource,
  // biome-ignore lint/complexity/noBannedTypes: of either of the two kinds that passport-oauth2 knows
  skip: Function,
  accessToken: string,
): Promise<unknown> {
  const [skipped] = await askHook('skipUserProfile', timeout, (answer) => {
    // As in passport-oauth2: a function of two parameters calls back, others return.
    if (skip.length > 1) return skip.call(strategy, accessToken, answer);
    return Promise.resolve(skip.call(strategy)).then((skipped) => answer(null, skipped));
  });
  return skipped;
}

/** What a portfolio is fetched with. */
interface Portfolio {
  userProfileURL: URL;
  service: Service;
  apiVersion: string;
}

/** Fetches the portfolio, and warns once if Criteo is going to switch the API version off. */
export function fetchPortfolio(
  oauth2: CriteoOAuth2,
  portfolio: Portfolio,
  accessToken: string,
): Promise<CriteoProfile> {
  const { service, apiVersion, userProfileURL } = portfolio;
  const onSunset = (message: string): void => oauth2.warnOnce(apiVersion, 'CRITEO_API_SUNSET', message);
  const { url, timeout, agent, headers } = oauth2.transportFor(userProfileURL);
  return fetchProfile({ url, timeout, agent, headers, service, apiVersion, onSunset }, accessToken);
}
