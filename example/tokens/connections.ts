import { CriteoClient, ReauthorizationRequiredError, TokenSource, type TokenStore } from 'passport-criteo';

/** The connections of an app's users: `save` their tokens in `verify`, ask for valid ones ever after. */
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

/** The advertisers of a user's connection, months after the login; `undefined` where the user must connect again. */
export async function advertisersOf(tokens: TokenSource, userId: string): Promise<unknown> {
  try {
    const response = await tokens.fetch(userId, '/2026-07/advertisers/me', { timeout: 90_000 });
    if (response.status === 403) return undefined; // consent was revoked, or does not cover this
    if (!response.ok) throw new Error(`Criteo answered ${response.status}`);
    return await response.json();
  } catch (error) {
    if (error instanceof ReauthorizationRequiredError) return undefined;
    throw error; // error.retryable says whether later may be better, error.retryAfter how many seconds later
  }
}

/** The same as the app itself, with the token of its client credentials. */
export async function ownAdvertisers(app: {
  clientID: string;
  clientSecret: string;
  apiURL?: string;
}): Promise<unknown> {
  const machine = new TokenSource({ client: new CriteoClient(app), grant: 'client_credentials' });
  const response = await machine.fetch(undefined, '/2026-07/advertisers/me');
  return response.json();
}
