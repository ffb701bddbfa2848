import ky, { HTTPError } from 'ky';
import { ReauthorizationRequiredError } from 'passport-criteo';
import type { Advertisers, Call, Outcome } from './call.js';

export async function listAdvertisers({ tokens, userId, apiURL, signal }: Call): Promise<Outcome> {
  const criteo = ky.create({ fetch: tokens.fetcher(userId), retry: 0, timeout: false });
  try {
    return await criteo.get<Advertisers>(`${apiURL}/2026-07/advertisers/me`, { signal }).json();
  } catch (error) {
    if (error instanceof ReauthorizationRequiredError) return 'reconnect';
    if (error instanceof HTTPError && error.response.status === 429) return 'later';
    throw error;
  }
}
