import { createFetch, FetchError } from 'ofetch';
import { ReauthorizationRequiredError } from 'passport-criteo';
import type { Advertisers, Call, Outcome } from './call.js';

export async function listAdvertisers({ tokens, userId, apiURL, signal }: Call): Promise<Outcome> {
  const criteo = createFetch({ fetch: tokens.fetcher(userId), defaults: { baseURL: apiURL, retry: false } });
  try {
    return await criteo<Advertisers>('/2026-07/advertisers/me', { signal });
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    if (error.cause instanceof ReauthorizationRequiredError) return 'reconnect';
    if (error.status === 429) return 'later';
    throw error.cause ?? error;
  }
}
