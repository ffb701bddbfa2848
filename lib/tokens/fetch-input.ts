import type { TokenFetchInit } from './fetch';

/** What the global `fetch` takes as its first argument. */
export type FetchInput = Parameters<typeof fetch>[0];

// Bytes. A body up to this size is kept in memory, so that the call can be repeated after a refresh; a longer one is sent
// as it is read, once.
const KEPT = 1024 * 1024;

/**
 * Turns the arguments of a `fetch` into those of `TokenSource.fetch`: a `Request` into its URL, method, headers, body and
 * signal. As with the global `fetch`, `init` overrides them.
 *
 * @throws {TypeError} the body of the `Request` was read before.
 *
 * @internal
 */
export async function readFetchInput(
  input: FetchInput,
  init: TokenFetchInit = {},
): Promise<[url: string | URL, init: TokenFetchInit]> {
  // By its shape, because libraries bring Request classes of their own.
  if (typeof input === 'string' || input instanceof URL || typeof input?.url !== 'string')
    return [input as string, init];
  const { url, method, headers, signal } = input;
  const given = Object.fromEntries(Object.entries(init).filter(([, value]) => value !== undefined));
  const overridden = 'body' in given;
  if (!overridden && input.bodyUsed) {
    throw new TypeError(
      'TokenSource.fetch: the body of the Request was read before. Clone the Request ahead of reading it',
    );
  }
  const body = overridden || !input.body ? null : await readStart(input.body);
  return [url, { method, headers, signal, ...(body && { body }), ...given }];
}

/** Returns a body as bytes if it is short, else as a stream of the whole. */
async function readStart(
  body: ReadableStream<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>> {
  const reader = body.getReader();
  const parts: Uint8Array[] = [];
  for (let size = 0; size <= KEPT; ) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(Buffer.concat(parts));
    parts.push(value);
    size += value.byteLength;
  }
  return new ReadableStream({
    async pull(controller) {
      const part = parts.shift() ?? (await reader.read()).value;
      if (part) controller.enqueue(part);
      else controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
