import type { IncomingMessage } from 'node:http';
import { ConsentCallbackError } from '../errors';
import { optionError } from '../util/checks';
import type { RawBody } from './consent-event';

/** A request of node's, with what body parsers may have left on it. */
export type CallbackRequest = IncomingMessage & { body?: unknown; rawBody?: unknown };

const units: Record<string, number> = { kb: 1024, mb: 1024 * 1024 };

/** A size in bytes: a number, or text such as '500kb' or '1mb'. */
export function checkLimit(owner: string, limit: unknown): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?) ?(|b|kb|mb)$/i.exec(String(limit)) ?? [];
  const bytes = Math.floor(Number(digits) * (units[unit.toLowerCase()] ?? 1));
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw optionError(owner, 'limit', "must be a size: a number of bytes, or text such as '500kb' or '1mb'");
}

/** The bytes that something ahead of us has kept: in `rawBody`, or, as express.raw does, in `body`. */
export function keptBody(req: CallbackRequest): RawBody | undefined {
  if (isRaw(req.rawBody)) return req.rawBody;
  if (isRaw(req.body)) return req.body;
  if (req.readableDidRead || req.readableEncoding) {
    throw new ConsentCallbackError(
      "The body was read before consentCallback could, so its signature cannot be checked. Mount consentCallback ahead of express.json() and other body parsers; or keep the bytes, with express.raw({ type: '*/*' }) on its route, or with express.json({ verify: (req, res, bytes) => { req.rawBody = bytes; } }).",
      { code: 'raw_body_missing', status: 500 },
    );
  }
  // Read to its end without a single byte.
  return req.readableEnded ? '' : undefined;
}

function isRaw(value: unknown): value is RawBody {
  return typeof value === 'string' || value instanceof Uint8Array;
}

/** Refuses a body of so many bytes, whether counted or announced. */
export function checkSize(bytes: number, limit: number): void {
  if (bytes > limit) {
    throw new ConsentCallbackError(`The body is larger than ${limit} bytes.`, { code: 'body_too_large', status: 413 });
  }
}

/** Reads the stream: at most `limit` bytes in at most `timeout` milliseconds. */
export function readBody(req: IncomingMessage, limit: number, timeout: number): Promise<RawBody> {
  return new Promise((resolve, reject) => {
    // One growing buffer: kept as they come, chunks of a byte each would take a hundred times their size.
    let bytes = Buffer.alloc(0);
    let size = 0;

    const settle = (error?: unknown): void => {
      clearTimeout(timer);
      req.off('data', add).off('end', settle).off('close', abandon);
      if (error) reject(error);
      else resolve(bytes.subarray(0, size));
    };
    const add = (chunk: Buffer): void => {
      const end = size + chunk.length;
      try {
        checkSize(end, limit);
      } catch (error) {
        settle(error);
        return;
      }
      if (end > bytes.length) {
        const larger = Buffer.alloc(Math.max(4096, 2 * bytes.length, end));
        bytes.copy(larger, 0, 0, size);
        bytes = larger;
      }
      chunk.copy(bytes, size);
      size = end;
    };
    const abandon = (): void =>
      settle(incomplete('body_aborted', 400, 'The connection closed before the whole body had come.'));
    const timer = setTimeout(() => settle(incomplete('body_timeout', 408, 'The body did not come in time.')), timeout);

    if (req.destroyed) return abandon();
    // The listener for errors stays: a connection may break later, and nobody else may listen.
    req.on('data', add).on('end', settle).on('close', abandon).on('error', abandon);
    req.resume();
  });
}

function incomplete(code: string, status: number, message: string): ConsentCallbackError {
  return new ConsentCallbackError(message, { code, status, retryable: true });
}
