import type { IncomingHttpHeaders } from 'node:http';
import { type Form, readForm } from './form';

/** A request as the endpoints see it: complete. */
export interface Incoming {
  readonly method: string;
  readonly path: string;
  /** As sent, with its question mark, or empty. */
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The checks that the request has passed so far; the endpoints add to it. */
  readonly checks: string[];
  /** Ends when the client is gone, or the sandbox is closed. */
  readonly signal: AbortSignal;
}

/** A response of the sandbox. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** Why the request was refused, for the log. */
  readonly failure?: string;
}

/** Makes a JSON response. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(body),
  };
}

/** Makes a redirect. */
export function redirect(location: string, status = 302): Answer {
  return { status, headers: { location, 'cache-control': 'no-store' }, body: '' };
}

/** Returns the body as a form; undefined if its content type says otherwise, or it cannot be decoded. */
export function formOf(request: Incoming): Form | undefined {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(type)) return undefined;
  return readForm(request.body.toString());
}

/**
 * Returns true if a page of another website caused the request, as far as browsers tell. Other programs than browsers
 * send neither header. A redirect or a link from another site (`navigate`) is no form: it is how users get here.
 */
export function isCrossSite(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return headers.origin !== undefined && headers.origin.replace(/^https?:\/\//, '') !== headers.host;
}

/** Returns the value of a cookie. */
export function cookieOf({ headers }: Incoming, name: string): string | undefined {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}
