import { ConsentCallbackError } from '../errors';
import { checkTimeout } from '../util/option-checks';
import { checkOptionNames } from '../util/option-names';
import { type ConsentEvent, checkSignatureHeader, isRaw, readSigned } from './consent-event';
import { checkLimit, checkSize, endUpload, findBody, isWebRequest, type NodeRequest, readBody } from './request-body';
import { checkSecrets } from './signature';

/** Options of {@link readConsentCallback}. */
export interface ReadConsentCallbackOptions {
  /** The connector's signing secret. While secrets are rotated, a list: each of them is accepted. */
  secret: string | readonly string[];
  /**
   * Maximum size of the body: a number of bytes, or text such as `'500kb'` or `'1mb'` (of 1024 kB).
   *
   * @default '1mb'
   */
  limit?: number | string | undefined;
  /**
   * Milliseconds within which the body must arrive.
   *
   * @default 5000
   */
  timeout?: number | undefined;
}

/** A consent callback's request: a web `Request`, or node's. */
export type ConsentCallbackRequest = Request | NodeRequest;

const owner = 'readConsentCallback';

/**
 * Reads a consent callback in frameworks that have requests of their own: a web `Request` (Next.js, Hono, Remix, …) or
 * node's `IncomingMessage` (Koa: `ctx.req`, Fastify: `request.raw`). Nothing of the body is read before the headers
 * have been checked, and never more than `limit`. What is left of a refused upload is discarded or cancelled.
 *
 * Criteo repeats a callback if no 2xx response came in time, so an event may come again, even at the same time: do nothing
 * for an `event.id` that was handled. `consentCallback` takes care of that in one process.
 *
 * @returns The event. Respond with 204 once it is handled
 * @throws {ConsentCallbackError} with the `status` to respond with, and the codes of `verifyConsentCallback`; and
 *   `method_not_allowed` (405) – not a POST; `unsupported_encoding` (415) – a compressed body; `body_too_large` (413);
 *   `body_timeout` (408) – the body did not arrive within `timeout`; `body_aborted` (400) – the upload broke off;
 *   `raw_body_missing` (500) – the body was read before, or does not come as bytes
 * @throws {TypeError} An option is missing or wrong, or the first argument is not a request. The text names it
 * @see Criteo, Marketing Solutions docs: the consent-delegation callback
 */
export async function readConsentCallback(
  request: ConsentCallbackRequest,
  options: ReadConsentCallbackOptions,
): Promise<ConsentEvent> {
  const given: Partial<ReadConsentCallbackOptions> = options ?? {};
  checkOptionNames(owner, given);
  const checks = checkReading(owner, given);
  const timeout = checkTimeout(owner, given.timeout ?? 5_000);
  if (!isRequest(request)) {
    throw new TypeError(
      `${owner}: the first argument must be a web Request or node's IncomingMessage (Koa: ctx.req, Fastify: request.raw)`,
    );
  }
  return receive(request, checks, timeout);
}

function isRequest(request: ConsentCallbackRequest | null | undefined): request is ConsentCallbackRequest {
  if (typeof request?.headers !== 'object' || request.headers === null) return false;
  return isWebRequest(request) || typeof request.on === 'function';
}

/** What a request must fulfil. */
export interface Reading {
  secrets: readonly string[];
  /** In bytes. */
  limit: number;
}

/** Checks the options that reading needs. */
export function checkReading(owner: string, { secret, limit = '1mb' }: Partial<ReadConsentCallbackOptions>): Reading {
  return { secrets: checkSecrets(owner, secret), limit: checkLimit(owner, limit) };
}

/**
 * Reads a request as {@link readConsentCallback} does.
 *
 * @param timeout Milliseconds within which the body must arrive
 */
export async function receive(
  request: ConsentCallbackRequest,
  { secrets, limit }: Reading,
  timeout: number,
): Promise<ConsentEvent> {
  let body: ReturnType<typeof findBody> | undefined;
  try {
    checkHead(request);
    body = findBody(request);
    checkSize(isRaw(body) ? Buffer.byteLength(body) : Number(header(request, 'content-length')), limit);
    const signature = checkSignatureHeader(header(request, 'x-criteo-hmac-sha512'));
    return readSigned(isRaw(body) ? body : await readBody(body, limit, timeout), signature, secrets);
  } catch (error) {
    endUpload(request, body, timeout);
    throw error;
  }
}

function header(request: ConsentCallbackRequest, name: string): string | undefined {
  return (isWebRequest(request) ? request.headers.get(name) : request.headers[name])?.toString();
}

function checkHead(request: ConsentCallbackRequest): void {
  if (request.method !== 'POST') {
    throw new ConsentCallbackError('Consent callbacks come by POST.', { code: 'method_not_allowed', status: 405 });
  }
  const encoding = header(request, 'content-encoding') || 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new ConsentCallbackError('The body must not be compressed: its signature covers the bytes as received.', {
      code: 'unsupported_encoding',
      status: 415,
    });
  }
}
