import { CriteoClient, CriteoTokenError, type TokenSet } from 'passport-criteo';

export async function refreshed(options: { clientID: string; clientSecret: string }, kept: TokenSet) {
  const { clientID, clientSecret } = options;
  const criteo = new CriteoClient({ clientID, clientSecret });
  try {
    const tokens = await criteo.refresh(kept.refreshToken ?? '');
    return { ...kept, ...tokens }; // without a new refresh token, the old one is still valid
  } catch (error) {
    if (error instanceof CriteoTokenError && error.reauthorize) return undefined; // the user must connect again
    throw error;
  }
}
