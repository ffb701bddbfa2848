import type { GrantedConsent, GrantOptions } from '../types';
import { accessTokenLifetime, shownConsent } from './grants';
import { holdingsOf } from './users';
import type { World } from './world';

/**
 * Gives consent without a browser.
 * @throws TypeError naming the app, the user or the advertiser that does not exist
 */
export function grantDirectly(world: World, options: GrantOptions): GrantedConsent {
  const { app: clientID, user: userID, advertisers, kind = 'portal link' } = options;
  const { apps, users, grants } = world;
  const app = clientID === undefined ? apps.first : apps.get(clientID);
  const user = userID === undefined ? users.first : users.get(userID);
  const holdings = holdingsOf(user, app.service);
  const unknown = (advertisers ?? []).filter((id) => !holdings.some((holding) => holding.id === id));
  if (unknown.length > 0) throw new TypeError(`${user.name} has no advertiser ${unknown.join(', ')}`);
  if (kind !== 'login' && kind !== 'portal link') {
    throw new TypeError("option `kind` must be 'login' or 'portal link'");
  }
  const shared = holdings.filter(({ id }) => advertisers === undefined || advertisers.includes(id));
  const consent = grants.grant(app, user, kind, shared);
  if (kind !== 'login') return shownConsent(consent);
  const issuedTo = clientID ?? app.clientID;
  const obtainedAt = consent.time;
  const tokens = {
    accessToken: grants.issueAccessToken(app, issuedTo, consent),
    refreshToken: grants.issueRefreshToken(consent, issuedTo),
    tokenType: 'Bearer' as const,
    obtainedAt,
    expiresAt: obtainedAt + accessTokenLifetime,
  };
  return { ...shownConsent(consent), tokens };
}
