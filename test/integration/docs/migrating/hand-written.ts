import OAuth2Strategy from 'passport-oauth2';
import { users } from '../users';

interface Registered {
  clientID: string;
  clientSecret: string;
  callbackURL: string;
  authorizationURL?: string;
  tokenURL?: string;
}

export function handWritten(registered: Registered): OAuth2Strategy {
  const strategy = new OAuth2Strategy(
    {
      authorizationURL: 'https://consent.criteo.com/request',
      tokenURL: 'https://api.criteo.com/oauth2/token',
      ...registered,
      state: true,
    },
    (accessToken: string, refreshToken: string, _profile: unknown, done: OAuth2Strategy.VerifyCallback) => {
      users
        .link('ada', undefined, { accessToken, refreshToken, tokenType: 'Bearer', expiresAt: 0, obtainedAt: 0 })
        .then(
          (user) => done(null, user),
          (error) => done(error),
        );
    },
  );
  strategy.name = 'criteo';
  return strategy;
}
