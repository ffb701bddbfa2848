import { CriteoClient, TokenSource, type TokenStore } from 'passport-criteo';

interface Row {
  userId: string;
  refreshToken: string;
}

/** Imports the refresh tokens that an app has stored. Run it once. */
export async function importRefreshTokens(
  app: { clientID: string; clientSecret: string; apiURL?: string },
  store: TokenStore,
  rows: Row[],
): Promise<TokenSource> {
  const tokens = new TokenSource({ client: new CriteoClient(app), store });
  for (const { userId, refreshToken } of rows) {
    // This access token has expired, so the first call refreshes it.
    const expired = { accessToken: 'none', tokenType: 'Bearer', obtainedAt: 0, expiresAt: 0 } as const;
    await tokens.save(userId, { ...expired, refreshToken });
  }
  return tokens;
}
