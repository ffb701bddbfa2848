import axios, { type AxiosInstance } from 'axios';
import { ReauthorizationRequiredError, type TokenSource } from 'passport-criteo';
import type { Advertisers, Call, Outcome } from './call.js';

/** Creates one axios for all connections: axios keeps every `fetch` that it is ever given, with all that this one holds. */
export function createAxios(tokens: TokenSource, apiURL: string): AxiosInstance {
  return axios.create({
    adapter: 'fetch',
    baseURL: apiURL,
    env: {
      fetch: (input, init) => tokens.fetcher((init as { connection?: string } | undefined)?.connection)(input),
    },
  });
}

export async function listAdvertisers(
  { tokens, userId, apiURL, signal }: Call,
  criteo = createAxios(tokens, apiURL),
): Promise<Outcome> {
  try {
    const options = { fetchOptions: { connection: userId }, signal };
    const { data } = await criteo.get<Advertisers>('/2026-07/advertisers/me', options);
    return data;
  } catch (error) {
    if (!axios.isAxiosError(error)) throw error;
    if (error.cause instanceof ReauthorizationRequiredError) return 'reconnect';
    if (error.response?.status === 429) return 'later';
    throw error.cause ?? error;
  }
}
