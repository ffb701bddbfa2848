import { CriteoClient, ReauthorizationRequiredError, TokenSource, type TokenStore } from 'passport-criteo';

/** Makes the token source of an app's users: `save` their tokens in `verify`, then get valid ones at any time. */
export function connections(
  app: { clientID: string; clientSecret: string; apiURL?: string },
  store: TokenStore,
  askToReconnect: (userId: string) => void,
): TokenSource {
  return new TokenSource({
    client: new CriteoClient(app),
    store,
    onReauthorizationRequired: askToReconnect,
  });
}

/** Fetches the advertisers of a user's connection, even months after the login. Undefined: the user must connect again. */
export async function advertisersOf(tokens: TokenSource, userId: string): Promise<unknown> {
  try {
    const response = await tokens.fetch(userId, '/2026-07/advertisers/me', { timeout: 90_000 });
    if (response.status === 403) return undefined; // consent was revoked, or does not cover this
    if (!response.ok) throw new Error(`Criteo responded with ${response.status}`);
    return await response.json();
  } catch (error) {
    if (error instanceof ReauthorizationRequiredError) return undefined;
    throw error; // error.retryable says whether to try later, error.retryAfter after how many seconds
  }
}

/** Fetches advertisers with the app's own token (client credentials). */
export async function ownAdvertisers(app: {
  clientID: string;
  clientSecret: string;
  apiURL?: string;
}): Promise<unknown> {
  const machine = new TokenSource({ client: new CriteoClient(app), grant: 'client_credentials' });
  const response = await machine.fetch(undefined, '/2026-07/advertisers/me');
  return response.json();
}
