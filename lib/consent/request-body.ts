import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { ConsentCallbackError } from '../errors';
import { CappedBody } from '../util/capped-body';
import { optionError } from '../util/option-checks';
import { isRaw, type RawBody } from './consent-event';

/** A request of node's http module, with what body parsers may have left on it. */
export type NodeRequest = IncomingMessage & { body?: unknown; rawBody?: unknown };

const units: Record<string, number> = { kb: 1024, mb: 1024 * 1024 };

/** Returns a size in bytes, given as a number or as text such as '500kb' or '1mb'. */
export function checkLimit(owner: string, limit: unknown): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?) ?(|b|kb|mb)$/i.exec(String(limit)) ?? [];
  const bytes = Math.floor(Number(digits) * (units[unit.toLowerCase()] ?? 1));
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw optionError(owner, 'limit', "must be a size: a number of bytes, or text such as '500kb' or '1mb'");
}

/**
 * Finds the body of a request: bytes that were kept by a body parser, or the stream that still has them.
 *
 * @throws {ConsentCallbackError} raw_body_missing – the body was read, and its bytes were not kept
 */
export function findBody(request: NodeRequest | Request): RawBody | Readable {
  return isWebRequest(request) ? webBody(request) : nodeBody(request);
}

/** Returns true for a `Request` as of the Fetch standard, of any implementation. */
export function isWebRequest(request: NodeRequest | Request): request is Request {
  return typeof (request.headers as Partial<Headers>).get === 'function';
}

function nodeBody(req: NodeRequest): RawBody | Readable {
  // `express.raw` keeps the bytes in `body`.
  if (isRaw(req.rawBody)) return req.rawBody;
  if (isRaw(req.body)) return req.body;
  if (req.readableDidRead || req.readableEncoding) {
    throw alreadyRead(
      "Mount consentCallback ahead of express.json() and other body parsers (or call readConsentCallback ahead of them); or keep the bytes, with express.raw({ type: '*/*' }) on its route, or with express.json({ verify: (req, res, bytes) => { req.rawBody = bytes; } }).",
    );
  }
  // A body without a single byte may have been read to its end unnoticed.
  return req.readableEnded ? '' : req;
}

function webBody(request: Request): RawBody | Readable {
  if (request.bodyUsed || request.body?.locked) {
    throw alreadyRead(
      'Call readConsentCallback before anything reads the request, or give it a request.clone() made before.',
    );
  }
  return request.body ? Readable.fromWeb(request.body as ReadableStream) : '';
}

function alreadyRead(fix: string): ConsentCallbackError {
  return new ConsentCallbackError(`The body was read before its signature could be checked. ${fix}`, {
    code: 'raw_body_missing',
    status: 500,
  });
}

/**
 * Refuses a body of that many bytes, as its parser kept them or its sender announced them.
 *
 * @throws {ConsentCallbackError} body_too_large – `bytes` is over `limit`
 */
export function checkSize(bytes: number, limit: number): void {
  if (bytes > limit) throw tooLarge(limit);
}

function tooLarge(limit: number): ConsentCallbackError {
  return new ConsentCallbackError(`The body is larger than ${limit} bytes.`, { code: 'body_too_large', status: 413 });
}

/**
 * Reads a stream: at most `limit` bytes in at most `timeout` milliseconds.
 *
 * @throws {ConsentCallbackError} body_too_large, body_timeout, body_aborted
 */
export function readBody(stream: Readable, limit: number, timeout: number): Promise<RawBody> {
  return new Promise((resolve, reject) => {
    const body = new CappedBody(limit);
    const settle = (error?: unknown): void => {
      clearTimeout(timer);
      stream.off('data', add).off('end', settle).off('close', abandon);
      if (error) reject(error);
      else resolve(body.bytes());
    };
    const add = (chunk: Buffer): void => {
      if (!body.add(chunk)) settle(tooLarge(limit));
    };
    const abandon = (): void =>
      settle(incomplete('body_aborted', 400, 'The connection closed before the whole body had come.'));
    const timer = setTimeout(() => settle(incomplete('body_timeout', 408, 'The body did not come in time.')), timeout);

    if (stream.destroyed) return abandon();
    // The listener for errors stays: a connection may break later, and nothing else may listen.
    stream.on('data', add).on('end', settle).on('close', abandon).on('error', abandon);
    stream.resume();
  });
}

function incomplete(code: string, status: number, message: string): ConsentCallbackError {
  return new ConsentCallbackError(message, { code, status, retryable: true });
}

/** Maximum milliseconds for which the connection of a refused upload stays open, so that the sender reads the response. */
const LINGER = 1_000;

/**
 * Ends the upload of a refused request, if it is still under way. Closing at once would reset the connection before the
 * sender has read the response, so that happens `LINGER` or `timeout` milliseconds later, whichever is sooner.
 *
 * @param body What {@link findBody} found, if it was asked
 */
export function endUpload(request: NodeRequest | Request, body: RawBody | Readable | undefined, timeout: number): void {
  const patience = Math.min(timeout, LINGER);
  if (isWebRequest(request)) {
    if (!request.body || isRaw(body)) return;
    // Not read any more, so that nothing piles up: its server does as with any handler that leaves a body unread.
    body?.pause();
    const stop = (): unknown => body?.destroy() ?? request.body?.cancel().catch(ignore);
    setTimeout(stop, patience).unref();
  } else if (!request.complete && !request.destroyed) {
    const timer = setTimeout(() => request.destroy(), patience).unref();
    // Discarded meanwhile, because some senders read no response before they have sent everything.
    request
      .on('error', ignore)
      .once('close', () => clearTimeout(timer))
      .resume();
  }
}

function ignore(): void {}
