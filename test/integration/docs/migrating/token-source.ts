import { CriteoClient, TokenSource, type TokenStore } from 'passport-criteo';

interface Row {
  userId: string;
  refreshToken: string;
}

/** Takes over the refresh tokens that an app has kept so far. Run it once. */
export async function takeOver(
  app: { clientID: string; clientSecret: string; apiURL?: string },
  store: TokenStore,
  rows: Row[],
): Promise<TokenSource> {
  const tokens = new TokenSource({ client: new CriteoClient(app), store });
  for (const { userId, refreshToken } of rows) {
    // An access token that has expired: the first call replaces it.
    const expired = { accessToken: 'none', tokenType: 'Bearer', obtainedAt: 0, expiresAt: 0 } as const;
    await tokens.save(userId, { ...expired, refreshToken });
  }
  return tokens;
}
