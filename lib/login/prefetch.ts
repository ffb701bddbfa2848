import type { PassportRequest } from '../state/state-store';

const purposes = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'];

/**
 * Returns true for HEAD requests and for pages that a browser fetches ahead of a visit that may never be made (Fetch,
 * section "Sec-Purpose"; the other headers are what browsers sent before it): no user is waiting for the response.
 */
export function isAheadOfVisit({ method, headers }: PassportRequest): boolean {
  const isPurpose = (name: string): boolean =>
    headers?.[name] !== undefined && /\b(prefetch|preview)\b/i.test(String(headers[name]));
  return method === 'HEAD' || purposes.some(isPurpose);
}

// What a browser can show, and `empty`, which is a script's fetch (Fetch Metadata Request Headers, section 2.1).
const pages = new Set(['document', 'iframe', 'frame', 'fencedframe', 'empty']);

/** Returns true if the browser wants an image, a script, a style sheet or the like: no user is waiting for a page. */
export function isPartOfPage({ headers }: PassportRequest): boolean {
  const destination: unknown = headers?.['sec-fetch-dest'];
  return typeof destination === 'string' && destination !== '' && !pages.has(destination);
}

/** Returns true if another site's page sent the browser here (Fetch Metadata Request Headers, section 2.4). */
export function isCrossSite({ headers }: PassportRequest): boolean {
  return headers?.['sec-fetch-site'] === 'cross-site';
}
