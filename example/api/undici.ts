import { ReauthorizationRequiredError } from 'passport-criteo';
import { type Dispatcher, request } from 'undici';
import type { Advertisers, Call, Outcome } from './call.js';

/** Calls a path of Criteo's API; with another token, once, if the first is refused. */
export async function callCriteo(
  { tokens, userId, apiURL, signal }: Call,
  path: `/${string}`,
  options: Omit<Dispatcher.RequestOptions, 'origin' | 'path' | 'method'> & { method?: Dispatcher.HttpMethod } = {},
): Promise<Dispatcher.ResponseData> {
  const send = (token: string) => {
    const headers = { ...options.headers, authorization: `Bearer ${token}` };
    return request(apiURL + path, { headersTimeout: 10_000, bodyTimeout: 10_000, ...options, headers, signal });
  };
  const token = await tokens.accessToken(userId, { signal });
  const response = await send(token);
  if (response.statusCode !== 401) return response;
  await response.body.dump();
  return send(await tokens.accessToken(userId, { force: token, signal }));
}

export async function listAdvertisers(call: Call): Promise<Outcome> {
  try {
    const { statusCode, body } = await callCriteo(call, '/2026-07/advertisers/me');
    if (statusCode === 200) return (await body.json()) as Advertisers;
    await body.dump(); // frees the connection
    if (statusCode === 429) return 'later';
    throw new Error(`Criteo responded with ${statusCode}`);
  } catch (error) {
    if (error instanceof ReauthorizationRequiredError) return 'reconnect';
    throw error;
  }
}
