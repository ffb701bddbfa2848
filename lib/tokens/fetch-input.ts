import type { FetchCall, TokenFetchInit } from './fetch';

/** What the global `fetch` takes as its first argument. */
export type FetchInput = Parameters<typeof fetch>[0];

/**
 * Turns the arguments of a `fetch` into a call: a `Request` into its URL, method, headers, body and signal. As with the
 * global `fetch`, `init` overrides them.
 *
 * @throws {TypeError} the body of the `Request` was read before.
 *
 * @internal
 */
export function readFetchInput(input: FetchInput, init: TokenFetchInit | null = {}): FetchCall {
  const given = init ?? {};
  // By its shape, because libraries bring Request classes of their own.
  const request = input as Request | undefined;
  if (typeof request?.url !== 'string') {
    return { url: input as string, init: given, signalOf: { signal: given.signal } };
  }
  const { url, method, headers } = request;
  const overrides = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const bodyOf = 'body' in overrides ? given : request;
  if (bodyOf === request && request.body && (request.bodyUsed || request.body.locked)) {
    throw new TypeError(
      'TokenSource.fetch: the body of the Request was read before. Clone the Request ahead of reading it',
    );
  }
  return {
    url,
    init: { method, headers, ...overrides, body: bodyOf.body ?? null },
    signalOf: 'signal' in overrides ? { signal: given.signal } : request,
    keepShortBody: bodyOf === request,
  };
}
