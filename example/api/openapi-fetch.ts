import createClient from 'openapi-fetch';
import { ReauthorizationRequiredError } from 'passport-criteo';
import type { Call, Outcome } from './call.js';
import type { paths } from './criteo-api.js';

export async function listAdvertisers({ tokens, userId, apiURL, signal }: Call): Promise<Outcome> {
  const criteo = createClient<paths>({ baseUrl: apiURL, fetch: tokens.fetcher(userId) });
  try {
    const { data, error, response } = await criteo.GET('/2026-07/advertisers/me', { signal });
    if (data) return data;
    if (response.status === 429) return 'later';
    throw new Error(`Criteo responded with ${response.status} ${error.errors?.[0]?.code}`);
  } catch (error) {
    if (error instanceof ReauthorizationRequiredError) return 'reconnect';
    throw error;
  }
}
