import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { APIEndpoint } from '../criteo/client';
import { readAPIError, retryAfter } from '../criteo/error-response';
import { type CriteoError, CriteoTransportError } from '../errors';
import { abortError } from '../http/abort';
import { type APIRequest, send } from '../http/streaming-request';
import { transportError } from '../http/wire-error';
import { onAbort } from '../util/abort-signal';
import { spread } from '../util/back-off';
import { CappedBody } from '../util/capped-body';
import { Deadline } from '../util/deadline';
import { version } from '../util/version';
import { FRESH_TOKEN_REFUSED } from './connection-errors';
import { readStart } from './repeatable-body';

/** What `fetch` of a TokenSource takes: what the global `fetch` does, and a timeout. */
export interface TokenFetchInit extends RequestInit {
  /**
   * Milliseconds until the headers of the response, the token's refresh, repeats and the wait for a rate limit included;
   * and the longest pause within the body of the response.
   *
   * @default the client's `timeout`
   */
  timeout?: number | undefined;
}

/**
 * A call as it was given to `fetch`.
 *
 * @internal
 */
export interface FetchCall {
  url: string | URL;
  init: TokenFetchInit;
  /**
   * An object with the signal, which does not change. It is kept until the call is over: the signal of a `Request`
   * follows the caller's through a weak reference to the `Request`.
   */
  signalOf: { readonly signal?: AbortSignal | null | undefined };
  /** The body is the stream of a `Request`: if it is short, it is kept for a repeat. @default false */
  keepShortBody?: boolean;
}

/** Returns an access token other than `refused`. */
type GetToken = (refused: string | undefined, signal: AbortSignal) => Promise<string>;

type Call = Pick<APIRequest, 'method' | 'headers' | 'body'>;

// Larger than any error of Criteo's.
const LARGEST_ERROR = 64 * 1024;
// Milliseconds: the shortest wait for a rate limit, and the shortest time that must be left after it.
const LEAST = 500;
// How often a call is repeated because of rate limits: a server may always send a reset in the past.
const REPEATS = 3;
// How the codes of a refused token start (Criteo, "API error types"). Criteo's Java SDK gets a new token on any of them,
// once.
const TOKEN_REFUSED = 'authorization-token-';
// Headers of the connection, which the caller cannot set (RFC 9110 section 7.6.1).
const ours = [
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/**
 * Reads a URL of Criteo's API: an absolute one, or a path under `base`.
 *
 * @throws {TypeError} it is another URL: the token goes nowhere else.
 *
 * @internal
 */
export function readURL(base: string, url: unknown): URL {
  const text = url instanceof URL ? url.href : url;
  if (typeof text === 'string') {
    const whole = /^\/(?![/\\])/.test(text) ? base + text : text;
    const parsed = URL.canParse(whole) ? new URL(whole) : undefined;
    const { origin, protocol } = new URL(base);
    // The origin of a `blob:` URL is that of the URL within it.
    const isOfAPI = parsed?.origin === origin && parsed.protocol === protocol;
    if (parsed && isOfAPI && !parsed.username && !parsed.password) return parsed;
  }
  throw new TypeError(
    `TokenSource.fetch: url must be a path, such as /2026-07/advertisers/me, or a URL of ${new URL(base).origin}: the token goes nowhere else`,
  );
}

/**
 * Calls Criteo's API with an access token. Repeats the call with another token if the first one is refused, and when the
 * rate limit is reset, if that is in time.
 *
 * @internal
 */
export async function fetchWithToken(
  endpoint: APIEndpoint,
  url: URL,
  { init: { timeout = endpoint.timeout, signal: _, ...init }, signalOf, keepShortBody = false }: FetchCall,
  getToken: GetToken,
  now: () => number,
): Promise<Response> {
  const { signal } = signalOf;
  const deadline = performance.now() + timeout;
  const control = new AbortController();
  const late = new Deadline(timeout, () => {
    const why = `${init.method ?? 'GET'} ${url.origin}${url.pathname}: no response within ${timeout} ms (the option timeout)`;
    control.abort(new CriteoTransportError(why, { code: 'timeout', status: 504, retryable: true }));
  });

  // The caller may give up until the last byte of the response, not only until its headers: the signal is listened to
  // while this call, or a response of it, is open.
  const giveUp = (): void => control.abort(abortError((signalOf.signal as AbortSignal).reason));
  if (signal?.aborted) giveUp();
  const stop = signal && !signal.aborted ? onAbort(signal, giveUp) : () => {};
  let open = 1;
  const onClose = (): void => {
    open -= 1;
    if (open === 0) stop();
  };

  let call: Call | undefined;
  try {
    call = await readCall(url, keepShortBody ? await keepShort(url, init, control.signal) : init);
    const repeatable = !call.body || call.body instanceof Uint8Array;
    let refused: string | undefined;
    let repeats = 0;
    let refusal: Response | undefined;
    for (;;) {
      let token: string;
      try {
        token = await getToken(refused, control.signal);
      } catch (error) {
        // There is no better token now: the caller gets Criteo's response to the one that it refused.
        if (refusal && (error as CriteoError).code === FRESH_TOKEN_REFUSED) return refusal;
        throw error;
      }
      const headers = { ...call.headers, authorization: `Bearer ${token}` };
      open += 1;
      const response = await send({
        ...call,
        url,
        headers,
        agent: endpoint.agent,
        idle: timeout,
        signal: control.signal,
        onClose,
      });
      if (!repeatable) return response;
      if (response.status === 401 && refused === undefined) {
        const body = await readAll(response);
        refusal = new Response(response.body === null ? null : body, response);
        if (!isTokenRefused(body, token)) return refusal;
        refused = token;
      } else if (response.status === 429) {
        const pause = pauseFor(response, now());
        repeats += 1;
        if (pause === undefined || repeats > REPEATS || performance.now() + pause + LEAST > deadline) return response;
        await response.body?.cancel();
        // If the signal aborts, `getToken` rejects.
        await sleep(pause, undefined, { signal: control.signal }).catch(() => {});
      } else {
        return response;
      }
    }
  } catch (error) {
    // A stream that was not sent may hold a file open.
    if (call?.body && !(call.body instanceof Uint8Array) && !call.body.locked) call.body.cancel(error).catch(() => {});
    throw error;
  } finally {
    late.cancel();
    onClose();
  }
}

/** Returns `init` with a body of bytes if it is short. */
async function keepShort(url: URL, init: RequestInit, signal: AbortSignal): Promise<RequestInit> {
  if (!init.body) return init;
  try {
    return { ...init, body: await readStart(init.body as ReadableStream<Uint8Array>, signal) };
  } catch (cause) {
    if (cause instanceof CriteoTransportError) throw cause;
    return brokenBody(String(init.method), url, cause);
  }
}

/** Throws the error of a body that cannot be read: a stream that fails, a file that was changed. */
function brokenBody(method: string, url: URL, cause: unknown): never {
  throw transportError({ method, url }, 'connection_failed', 'the body of the request broke off', { cause });
}

async function readCall(url: URL, init: RequestInit): Promise<Call> {
  const { body } = init;
  const streams = typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
  let request: Request;
  try {
    // Fetch's own reading of methods, headers and bodies, forms with files included.
    request = new Request(url, { ...init, duplex: 'half' });
  } catch (cause) {
    throw new TypeError('TokenSource.fetch: init cannot be sent: see the cause', { cause });
  }
  const { method } = request;
  const headers = Object.fromEntries(request.headers);
  for (const name of ours) delete headers[name];
  const defaults = { accept: 'application/json', 'user-agent': `passport-criteo/${version}` };
  const call = { method, headers: { ...defaults, ...headers, 'accept-encoding': 'identity' } };
  if (!request.body) return { ...call, body: undefined };
  if (streams) return { ...call, headers: { ...call.headers, 'transfer-encoding': 'chunked' }, body: request.body };
  const bytes = new Uint8Array(await request.arrayBuffer().catch((cause) => brokenBody(method, url, cause)));
  return { ...call, headers: { ...call.headers, 'content-length': String(bytes.byteLength) }, body: bytes };
}

async function readAll(response: Response): Promise<Uint8Array> {
  const body = new CappedBody(LARGEST_ERROR);
  for await (const part of response.body ?? []) {
    if (!body.add(part)) {
      throw new CriteoTransportError(`The API's response with status 401 is larger than ${LARGEST_ERROR} bytes`, {
        code: 'response_too_large',
        status: 502,
        response: { status: 401 },
      });
    }
  }
  return body.bytes();
}

/** Returns true if a 401 is about the token, as one without a code is, and not about the right to something. */
function isTokenRefused(body: Uint8Array, token: string): boolean {
  const text = Buffer.from(body).toString('utf8');
  const { code } = readAPIError({ status: 401, headers: {}, text }, [token]);
  return code.startsWith(TOKEN_REFUSED);
}

/** Returns the milliseconds until the rate limit is reset; `undefined` if the response does not say. */
function pauseFor({ status, headers }: Response, now: number): number | undefined {
  const names = ['x-ratelimit-reset', 'retry-after'];
  const told = Object.fromEntries(names.map((name) => [name, headers.get(name) ?? undefined]));
  const seconds = retryAfter({ status, headers: told }, now);
  return seconds === undefined ? undefined : spread(Math.max(seconds * 1000, LEAST));
}
