import { CriteoStrategy, type CriteoStrategyOptions } from 'passport-criteo';
import { users } from '../users';

export function migrated(registered: CriteoStrategyOptions): CriteoStrategy {
  return new CriteoStrategy({
    ...registered, // clientID, clientSecret, callbackURL
    verify: async ({ profile, tokens }) => users.link('ada', profile, tokens),
  });
}
