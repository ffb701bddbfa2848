import type { ServerResponse } from 'node:http';
import { ConsentCallbackError } from '../errors';
import { checkTimeout, optionError } from '../util/checks';
import { type ConsentEvent, checkSignatureHeader, readSigned } from './consent-event';
import { within } from './deadline';
import { type CallbackRequest, checkLimit, checkSize, keptBody, readBody } from './request-body';
import { oncePerEvent, RecentEvents, type SeenEvents } from './seen-events';
import { checkSecrets } from './signature';

/** Options of {@link consentCallback}. */
export interface ConsentCallbackOptions {
  /** The connector's signing secret; several while they are rotated: any of them will do. */
  secret: string | readonly string[];
  /**
   * What to do about a decision. It has succeeded when its promise is fulfilled, and is then not called for the same
   * event again; when it throws or rejects, Criteo is told to repeat. Wait in it for what must not be lost, and leave
   * the rest for later: the user is waiting.
   */
  onConsent: (event: ConsentEvent) => unknown;
  /** The largest body: bytes, or text such as `'500kb'` or `'1mb'` (of 1024 kB). Default `'1mb'`. */
  limit?: number | string | undefined;
  /**
   * Milliseconds from the request's arrival to the answer, body and handler included. Default 5,000. A handler that
   * needs longer goes on, and its success counts when the event is repeated.
   */
  timeout?: number | undefined;
  /**
   * The memory of handled events: anything with `get` and `set`, a Keyv on a shared store for many processes. Default:
   * this process's own, 10 minutes and 10,000 events.
   *
   * One process never handles an event twice at a time. Several processes cannot be kept from it by `get` and `set`
   * alone: where a repeat reaches another process while the handler still runs, it runs there as well. Where that
   * matters, let your database decide: a unique key on the event's `id`.
   */
  seen?: SeenEvents | undefined;
  /**
   * Is told every failure, refused requests (`status` below 500) included; `cause` is what `onConsent` threw. What it
   * throws is ignored. Default: failures of our own (`status` 500 and above) go to `console.error`.
   */
  onError?: ((error: ConsentCallbackError) => unknown) | undefined;
}

/** A request handler for node's http, Connect and Express: it always answers, and never calls `next`. */
export type ConsentCallbackHandler = (
  req: CallbackRequest,
  res: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/** Milliseconds for which an upload that was refused half-way may go on unread, so that our answer is heard; at most. */
const LINGER = 1_000;

/**
 * Takes the callbacks in which Criteo reports what was decided about a signed consent URL. It reads the raw body
 * itself, so mount it ahead of body parsers; bytes that a parser has kept (`express.raw`, `req.rawBody`) do as well.
 *
 * Answers: 204 handled, now or before; 400 malformed; 401 signature missing or wrong; 405 not a POST; 408 body too
 * slow; 413 body too large; 415 body compressed; 500 `onConsent`, `seen` or the way it is mounted failed; 503
 * `onConsent` was too slow. A short text says why.
 *
 * @throws {TypeError} An option that is missing or wrong, by name
 * @see Criteo, Marketing Solutions docs: the consent-delegation callback
 */
export function consentCallback(options: ConsentCallbackOptions): ConsentCallbackHandler {
  const { secrets, onConsent, limit, timeout, seen, onError } = checkOptions(options);
  const handle = oncePerEvent(onConsent, seen, timeout, (error) => void report(error));

  async function report(error: ConsentCallbackError): Promise<void> {
    try {
      await onError(error);
    } catch {
      // A reporter that fails has nobody to tell.
    }
  }

  async function take(req: CallbackRequest): Promise<ConsentCallbackError | undefined> {
    const deadline = performance.now() + timeout;
    const left = () => Math.max(1, deadline - performance.now());
    checkHead(req);
    const kept = keptBody(req);
    checkSize(kept === undefined ? Number(req.headers['content-length']) : Buffer.byteLength(kept), limit);
    const signature = checkSignatureHeader(req.headers['x-criteo-hmac-sha512']);
    const event = readSigned(kept ?? (await readBody(req, limit, left())), signature, secrets);
    return within(left(), handle(event), () => late(event, timeout));
  }

  async function respond(req: CallbackRequest, res: ServerResponse): Promise<void> {
    let failure: ConsentCallbackError | undefined;
    try {
      failure = await take(req);
    } catch (error) {
      failure = error instanceof ConsentCallbackError ? error : unexpected(error);
      void report(failure);
    }
    answer(req, res, failure, Math.min(timeout, LINGER));
  }

  return (req, res) => {
    // Only writing the answer can still fail: then there is none to be had.
    respond(req, res).catch(() => res.destroy());
  };
}

const owner = 'consentCallback';

function checkOptions(options: ConsentCallbackOptions) {
  const given: Partial<ConsentCallbackOptions> = options ?? {};
  const { onConsent, seen = new RecentEvents(), onError = printOwnFailures } = given;
  if (typeof onConsent !== 'function') throw optionError(owner, 'onConsent', 'must be a function that takes an event');
  if (typeof onError !== 'function') throw optionError(owner, 'onError', 'must be a function that takes an error');
  if (typeof seen?.get !== 'function' || typeof seen.set !== 'function') {
    throw optionError(owner, 'seen', 'must have the methods get and set, as a Map or a Keyv does');
  }
  return {
    secrets: checkSecrets(owner, given.secret),
    onConsent,
    limit: checkLimit(owner, given.limit ?? '1mb'),
    timeout: checkTimeout(owner, given.timeout ?? 5_000),
    seen,
    onError,
  };
}

// Refused requests are not ours to complain about: strangers could fill the log.
function printOwnFailures(error: ConsentCallbackError): void {
  if (error.status >= 500) console.error(error);
}

function checkHead(req: CallbackRequest): void {
  if (req.method !== 'POST') {
    throw new ConsentCallbackError('Consent callbacks come by POST.', { code: 'method_not_allowed', status: 405 });
  }
  const encoding = req.headers['content-encoding'] || 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new ConsentCallbackError('The body must not be compressed: its signature covers the bytes as received.', {
      code: 'unsupported_encoding',
      status: 415,
    });
  }
}

function late(event: ConsentEvent, timeout: number): ConsentCallbackError {
  return new ConsentCallbackError(
    `Event ${event.id} was not handled within ${timeout} ms. It is still being worked on: please send it again.`,
    { code: 'handler_timeout', status: 503, retryable: true },
  );
}

function unexpected(cause: unknown): ConsentCallbackError {
  return new ConsentCallbackError('The consent callback failed.', { code: 'internal_error', status: 500, cause });
}

/** Writes the one answer, unless somebody else has or nobody is there any more. */
function answer(
  req: CallbackRequest,
  res: ServerResponse,
  failure: ConsentCallbackError | undefined,
  linger: number,
): void {
  if (!res.headersSent && !res.destroyed) {
    if (failure) {
      const text = `${failure.message}\n`;
      res.writeHead(failure.status, {
        'Content-Type': 'text/plain; charset=utf-8',
        'Content-Length': Buffer.byteLength(text),
        'X-Content-Type-Options': 'nosniff',
        ...(failure.status === 405 && { Allow: 'POST' }),
      });
      res.end(text);
    } else {
      res.writeHead(204).end();
    }
  }
  if (!req.complete && !req.destroyed) letGo(req, linger);
}

/** Closing at once would reset the connection, and the answer with it: discard what still comes, but not for long. */
function letGo(req: CallbackRequest, linger: number): void {
  const timer = setTimeout(() => req.destroy(), linger).unref();
  req.on('error', () => {}).once('close', () => clearTimeout(timer));
  req.resume();
}
