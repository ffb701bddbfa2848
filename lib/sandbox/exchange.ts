import type { IncomingHttpHeaders } from 'node:http';
import { type Form, readForm } from './form';

/** A request as the endpoints see it: whole. */
export interface Incoming {
  readonly method: string;
  readonly path: string;
  /** As sent, with its question mark, or empty. */
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What an endpoint answers. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(body),
  };
}

export function redirect(location: string, status = 302): Answer {
  return { status, headers: { location, 'cache-control': 'no-store' }, body: '' };
}

/** The body as a form; undefined if it does not say it is one, or is not. */
export function formOf(request: Incoming): Form | undefined {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(type)) return undefined;
  return readForm(request.body.toString());
}

/** Whether a form was sent by a page of ours. Tools other than browsers send neither header; forms carry a token too. */
export function fromOwnPage({ headers }: Incoming): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  return headers.origin === undefined || headers.origin.replace(/^https?:\/\//, '') === headers.host;
}
