import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStreamDefaultReader } from 'node:stream/web';
import { types } from 'node:util';
import { ConsentCallbackError } from '../errors';
import { CappedBody } from '../util/capped-body';
import { within } from '../util/deadline';
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
 * @throws {ConsentCallbackError} raw_body_missing – the body was read or parsed, and its bytes were not kept
 */
export function findBody(request: NodeRequest | Request): RawBody | Readable {
  const { rawBody, body }: { rawBody?: unknown; body?: unknown } = request;
  // `express.raw` keeps the bytes in `body`, and so does node-fetch 2.
  if (isRaw(rawBody)) return rawBody;
  if (isRaw(body)) return body;
  return isWebRequest(request) ? webBody(request) : unread(request, parserFix);
}

/** Returns true for a `Request` as of the Fetch standard, of any implementation. */
export function isWebRequest(request: NodeRequest | Request): request is Request {
  return typeof (request.headers as Partial<Headers>).get === 'function';
}

const parserFix =
  "Mount consentCallback ahead of express.json() and other body parsers (or call readConsentCallback ahead of them); or keep the bytes, with express.raw({ type: '*/*' }) on its route, or with express.json({ verify: (req, res, bytes) => { req.rawBody = bytes; } }).";
const webFix = 'Call readConsentCallback before anything reads the request, or give it a request.clone() made before.';

function unread(stream: Readable, fix: string): RawBody | Readable {
  if (stream.readableDidRead || stream.readableEncoding) throw alreadyRead(fix);
  // A body without a single byte may have been read to its end unnoticed.
  return stream.readableEnded ? '' : stream;
}

function webBody({ body, bodyUsed }: Request): RawBody | Readable {
  if (!body) return '';
  if (bodyUsed) throw alreadyRead(webFix);
  // node-fetch 3 has a stream of node's.
  if (isNodeStream(body)) return unread(body, webFix);
  try {
    return fromWeb(body, body.getReader());
  } catch {
    // It is locked, or something has put a parsed body in its place.
    throw alreadyRead(webFix);
  }
}

function isNodeStream(body: unknown): body is Readable {
  return typeof (body as Partial<Readable>).on === 'function';
}

/** Makes a stream of node's out of a web stream of any implementation. `Readable.fromWeb` takes node's own only. */
function fromWeb(body: ReadableStream, reader: ReadableStreamDefaultReader<unknown>): Readable {
  return new Readable({
    objectMode: true,
    // Nothing is read ahead.
    highWaterMark: 0,
    async read() {
      try {
        const { done, value } = await reader.read();
        // To push null means the end. A chunk that is null is to be refused, as text is.
        this.push(done ? null : (value ?? 'nothing'));
      } catch {
        this.destroy();
      }
    },
    destroy(error, callback) {
      if (!this.readableEnded) {
        quietly(() => reader.cancel());
        // The standard rejects this, but a reader of @whatwg-node/fetch cancels nothing while it waits for a chunk.
        quietly(() => body.cancel());
      }
      callback(error);
    },
  });
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
 * @throws {ConsentCallbackError} body_too_large, body_timeout, body_aborted; raw_body_missing – its chunks are not bytes
 */
export function readBody(stream: Readable, limit: number, timeout: number): Promise<RawBody> {
  return within(timeout, collect(stream, limit), () => {
    throw incomplete('body_timeout', 408, 'The body did not come in time.');
  });
}

function collect(stream: Readable, limit: number): Promise<RawBody> {
  return new Promise((resolve, reject) => {
    const body = new CappedBody(limit);
    const add = (chunk: unknown): void => {
      if (!types.isUint8Array(chunk)) refuse(decoded());
      else if (!body.add(chunk)) refuse(tooLarge(limit));
    };
    const refuse = (error: ConsentCallbackError): void => {
      stream.off('data', add);
      reject(error);
    };
    const abandon = (): void =>
      reject(incomplete('body_aborted', 400, 'The connection closed before the whole body had come.'));

    if (stream.destroyed) return abandon();
    // The listeners stay: a connection may break later, and nothing else may listen for errors.
    stream
      .on('error', abandon)
      .on('close', abandon)
      .on('end', () => resolve(body.bytes()))
      .on('data', add);
    stream.resume();
  });
}

// Text is refused as well: decoding may have changed the bytes, and a genuine callback would then seem to be forged.
function decoded(): ConsentCallbackError {
  return new ConsentCallbackError(
    'The body comes as text or objects, not as bytes, probably because something has decoded it. The signature covers the bytes as received: pass a request whose body is a stream of Buffers or Uint8Arrays.',
    { code: 'raw_body_missing', status: 500 },
  );
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
  const stream = isWebRequest(request) ? body : request;
  // Its body was not asked for, so the app can still read it until then.
  if (stream === undefined) {
    setTimeout(() => quietly(() => endUpload(request, findBody(request), 0)), patience).unref();
    return;
  }
  quietly(() => {
    if (isRaw(stream) || stream.destroyed || ('complete' in stream && stream.complete)) return;
    const timer = setTimeout(() => quietly(() => stream.destroy()), patience).unref();
    stream.on('error', ignore).once('close', () => clearTimeout(timer));
    // Not read any more, so that nothing piles up: its server does as with any handler that leaves a body unread.
    if (isWebRequest(request)) stream.pause();
    // Discarded meanwhile, because some senders read no response before they have sent everything.
    else stream.resume();
  });
}

/** Runs what may fail, now or later, in ways that no longer matter. */
function quietly(run: () => unknown): void {
  new Promise((resolve) => resolve(run())).catch(ignore);
}

function ignore(): void {}
