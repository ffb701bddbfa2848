import type { ServerResponse } from 'node:http';
import { ConsentCallbackError } from '../errors';
import { within } from '../util/deadline';
import { foreignCause } from '../util/foreign-cause';
import { checkTimeout, optionError } from '../util/option-checks';
import { checkOptionNames } from '../util/option-names';
import type { ConsentEvent } from './consent-event';
import { checkReading, type ReadConsentCallbackOptions, receive } from './read-consent-callback';
import type { NodeRequest } from './request-body';
import { oncePerEvent, RecentEvents, type SeenEvents } from './seen-events';

/** Options of {@link consentCallback}. */
export interface ConsentCallbackOptions extends ReadConsentCallbackOptions {
  /**
   * Handles a decision. It has succeeded when its promise is fulfilled, and is then not called for the same event
   * again; if it throws or rejects, Criteo is told to repeat. The user is waiting: await what must not be lost, and do
   * the rest later.
   *
   * A run that has taken ten times `timeout` counts as stuck: the next delivery of its event starts another run, while
   * the first may still go on.
   */
  onConsent: (event: ConsentEvent) => unknown;
  /**
   * Milliseconds from the request's arrival to the response, body and handler included. A handler that needs longer
   * goes on, and its success counts when the event is repeated.
   *
   * @default 5000
   */
  timeout?: number | undefined;
  /**
   * Remembers handled events: anything with `get` and `set`, such as a Keyv on a store that several processes share.
   *
   * One process does not handle an event twice at a time. Several processes cannot be kept from it by `get` and `set`
   * alone: if a repeat reaches another process while the handler still runs, it runs there as well. If that matters,
   * let your database decide: a unique key on the event's `id`.
   *
   * @default the memory of this process, for 10 minutes and 10,000 events
   */
  seen?: SeenEvents | undefined;
  /**
   * Is told every failure, also refused requests (`status` below 500). `cause` is the app's own error as `onConsent`
   * threw it; of an error of `seen`, it has name, message, code and stack only. What `onError` throws is ignored.
   *
   * @default prints failures with a `status` of 500 and above by `console.error`
   */
  onError?: ((error: ConsentCallbackError) => unknown) | undefined;
}

/** A request handler for node's http, Connect and Express. It always responds, and never calls `next`. */
export type ConsentCallbackHandler = (req: NodeRequest, res: ServerResponse, next?: (error?: unknown) => void) => void;

/**
 * Creates the handler of the consent callback, by which Criteo reports what a user decided at a signed consent URL. It
 * reads the raw body itself, so mount it ahead of body parsers; bytes that a parser has kept (`express.raw`,
 * `req.rawBody`) are used as well.
 *
 * Responses: 204 handled, now or before; 400 malformed; 401 signature missing or wrong; 405 not a POST; 408 body too
 * slow; 413 body too large; 415 body compressed; 500 `onConsent` or `seen` failed, or it is mounted behind a body
 * parser; 503 `onConsent` was too slow. A short text says why.
 *
 * @throws {TypeError} An option is missing or wrong. The text names it
 * @see Criteo, Marketing Solutions docs: the consent-delegation callback
 */
export function consentCallback(options: ConsentCallbackOptions): ConsentCallbackHandler {
  const { reading, onConsent, timeout, seen, onError } = checkOptions(options);
  const handle = oncePerEvent(onConsent, seen, timeout, (error) => void report(error));

  async function report(error: ConsentCallbackError): Promise<void> {
    try {
      await onError(error);
    } catch {
      // What `onError` throws is ignored, as documented.
    }
  }

  async function take(req: NodeRequest): Promise<ConsentCallbackError | undefined> {
    const deadline = performance.now() + timeout;
    const event = await receive(req, reading, timeout);
    return within(Math.max(1, deadline - performance.now()), handle(event), () => {
      throw late(event, timeout);
    });
  }

  async function respond(req: NodeRequest, res: ServerResponse): Promise<void> {
    let failure: ConsentCallbackError | undefined;
    try {
      failure = await take(req);
    } catch (error) {
      failure = error instanceof ConsentCallbackError ? error : unexpected(error);
      void report(failure);
    }
    send(res, failure);
  }

  return (req, res) => {
    // Only writing the response can still fail, and then none can be given.
    respond(req, res).catch(() => res.destroy());
  };
}

const owner = 'consentCallback';

function checkOptions(options: ConsentCallbackOptions) {
  const given: Partial<ConsentCallbackOptions> = options ?? {};
  checkOptionNames(owner, given);
  const { onConsent, seen = new RecentEvents(), onError = printOwnFailures } = given;
  if (typeof onConsent !== 'function') throw optionError(owner, 'onConsent', 'must be a function that takes an event');
  if (typeof onError !== 'function') throw optionError(owner, 'onError', 'must be a function that takes an error');
  if (typeof seen?.get !== 'function' || typeof seen.set !== 'function') {
    throw optionError(owner, 'seen', 'must have the methods get and set, as a Map or a Keyv does');
  }
  const timeout = checkTimeout(owner, given.timeout ?? 5_000);
  return { reading: checkReading(owner, given), onConsent, timeout, seen, onError };
}

// Not refused requests, because strangers could fill the log.
function printOwnFailures(error: ConsentCallbackError): void {
  if (error.status >= 500) console.error(error);
}

function late(event: ConsentEvent, timeout: number): ConsentCallbackError {
  return new ConsentCallbackError(
    `Event ${event.id} was not handled within ${timeout} ms. It is still being worked on: please send it again.`,
    { code: 'handler_timeout', status: 503, retryable: true },
  );
}

function unexpected(error: unknown): ConsentCallbackError {
  const cause = foreignCause(error);
  return new ConsentCallbackError('The consent callback failed.', { code: 'internal_error', status: 500, cause });
}

/** Writes the one response, unless something else has responded or the connection is closed. */
function send(res: ServerResponse, failure: ConsentCallbackError | undefined): void {
  if (res.headersSent || res.destroyed) return;
  if (!failure) {
    res.writeHead(204).end();
    return;
  }
  const text = `${failure.message}\n`;
  res.writeHead(failure.status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'X-Content-Type-Options': 'nosniff',
    ...(failure.status === 405 && { Allow: 'POST' }),
  });
  res.end(text);
}
