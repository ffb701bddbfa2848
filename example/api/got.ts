import got, { type Got, HTTPError, RequestError } from 'got';
import { ReauthorizationRequiredError } from 'passport-criteo';
import type { Advertisers, Call, Outcome } from './call.js';

export function createGot({ tokens, userId, apiURL, signal }: Call): Got {
  return got.extend({
    followRedirect: false,
    retry: { limit: 0 },
    timeout: { request: 10_000 },
    hooks: {
      beforeRequest: [
        async (options) => {
          // The token goes nowhere else.
          if (new URL(String(options.url)).origin !== new URL(apiURL).origin)
            throw new TypeError('Not a URL of Criteo');
          options.headers['authorization'] = `Bearer ${await tokens.accessToken(userId, { signal })}`;
        },
      ],
      afterResponse: [
        async (response, repeat) => {
          if (response.statusCode !== 401) return response;
          // Refused: replace it, and repeat the call, once.
          const refused = String(response.request.options.headers['authorization']).replace('Bearer ', '');
          await tokens.accessToken(userId, { force: refused, signal });
          return repeat({});
        },
      ],
    },
  });
}

export async function listAdvertisers(call: Call): Promise<Outcome> {
  const criteo = createGot(call);
  try {
    return await criteo(`${call.apiURL}/2026-07/advertisers/me`, { signal: call.signal }).json<Advertisers>();
  } catch (error) {
    if (error instanceof HTTPError && error.response.statusCode === 429) return 'later';
    if (error instanceof RequestError && error.cause instanceof ReauthorizationRequiredError) return 'reconnect';
    throw error;
  }
}
