import { randomUUID } from 'node:crypto';
import type { Clock } from './clock';
import { type Answer, type Incoming, json } from './exchange';
import { readForm } from './form';
import type { Consent, Ledger } from './ledger';
import type { Settings } from './options';
import type { Holding } from './types';

/** Every version that Criteo has documented: four a year until 2025, then two; and the unnumbered ones. */
const versions = new Set([
  '2020-10',
  ...['2021', '2022', '2023', '2024', '2025'].flatMap((year) =>
    ['01', '04', '07', '10'].map((month) => `${year}-${month}`),
  ),
  '2026-01',
  '2026-07',
  '2027-01',
  'preview',
  'experimental',
]);

/** The version in its last months: Criteo, Marketing Solutions docs, "Versioning Policy". */
const deprecated = { version: '2026-01', sunset: 'Sun, 31 Jan 2027 23:59:59 GMT' };

const minute = 60_000;

export interface ApiEndpoint {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly limits: RateLimits;
  readonly url: () => string;
}

/** `GET /{version}/advertisers/me` and `GET /{version}/retail-media/accounts`. */
export function answerAPI(endpoint: ApiEndpoint, request: Incoming): Answer {
  const { settings, clock, ledger, limits } = endpoint;
  const [, version = '', ...rest] = request.path.split('/');
  const resource = rest.join('/');
  if (!versions.has(version)) {
    return apiError(request, 404, 'not-found', 'There is no such API version');
  }
  if (settings.decommissioned.has(version)) {
    return apiError(request, 410, 'version-decommissioned', 'This API version was decommissioned');
  }
  if (resource !== 'advertisers/me' && resource !== 'retail-media/accounts') {
    return apiError(request, 404, 'not-found', 'There is no such resource');
  }
  if (request.method !== 'GET') {
    return apiError(request, 405, 'method-not-allowed', 'Use GET', { allow: 'GET' });
  }
  const query = readForm(request.search.slice(1));
  if (!query) return apiError(request, 400, 'invalid-request', 'The query cannot be decoded');
  if (query.has('access_token')) {
    return apiError(request, 400, 'invalid-request', 'A token belongs in the Authorization header, never in a URL');
  }

  const bearer = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.[1];
  const token = bearer === undefined ? undefined : ledger.findAccessToken(bearer);
  if (!token) return apiError(request, 401, 'authorization-token-invalid', 'The authorization token is invalid');
  if (clock.now() >= token.expires) {
    return apiError(request, 401, 'authorization-token-expired', 'The authorization token has expired');
  }
  const { headers, exceeded } = limits.spend(token.consent);
  if (version === deprecated.version) Object.assign(headers, { deprecation: 'true', sunset: deprecated.sunset });
  if (exceeded && settings.rateLimit) {
    return apiError(request, 429, 'rate-limit-exceeded', 'Too many calls in this minute', headers);
  }
  if (token.consent?.revoked) {
    return apiError(request, 403, 'insufficient-advertisers-permissions', 'The consent was revoked', headers);
  }

  const shared = token.consent?.shared ?? sharedWithApp(ledger, settings);
  const retail = settings.service === 'retail-media';
  if (resource === 'advertisers/me') return json(200, { data: retail ? [] : shared.map(advertiser), ...fine }, headers);
  if (!retail) {
    return apiError(request, 403, 'insufficient-permissions', 'The app has no Retail Media permissions', headers);
  }
  const pageIndex = whole(query.get('pageIndex'), 0);
  const pageSize = whole(query.get('pageSize'), 25);
  if (pageIndex === undefined || pageSize === undefined || pageSize === 0 || pageSize > 1000) {
    const detail = 'pageIndex counts from 0, pageSize is 1 to 1000; each may be given once';
    return apiError(request, 400, 'invalid-paging', detail, headers);
  }
  const totalPages = Math.ceil(shared.length / pageSize);
  const page = (index: number): string | null =>
    index < 0 || index >= totalPages
      ? null
      : `${endpoint.url()}${request.path}?pageIndex=${index}&pageSize=${pageSize}`;
  const metadata = {
    totalItemsAcrossAllPages: shared.length,
    currentPageSize: pageSize,
    currentPageIndex: pageIndex,
    totalPages,
    nextPage: page(pageIndex + 1),
    previousPage: page(pageIndex - 1),
  };
  const items = shared.slice(pageIndex * pageSize, (pageIndex + 1) * pageSize);
  return json(200, { data: items.map(account), metadata, ...fine }, headers);
}

/** Criteo's error envelope: Marketing Solutions docs, "API Error Types". */
export function apiError(
  request: Incoming,
  status: number,
  code: string,
  title: string,
  headers?: Record<string, string>,
): Answer {
  const type = { 400: 'validation', 401: 'authorization', 403: 'access-control', 410: 'deprecation', 429: 'quota' };
  const error = {
    traceId: randomUUID().replaceAll('-', ''),
    type: Object.entries(type).find(([key]) => key === String(status))?.[1] ?? (status < 500 ? 'error' : 'internal'),
    code,
    instance: request.path,
    title,
    detail: title,
    source: {},
  };
  return json(status, { errors: [error], warnings: [] }, headers);
}

/** Calls a minute, counted by consent for logins and for the app otherwise. Counting windows start with whole minutes. */
export class RateLimits {
  readonly #clock: Clock;
  #window = 0;
  #spent = new Map<Consent | undefined, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  spend(consent: Consent | undefined): { headers: Record<string, string>; exceeded: boolean } {
    const window = Math.floor(this.#clock.now() / minute);
    if (window !== this.#window) this.#spent = new Map();
    this.#window = window;
    const limit = consent ? 10 : 250;
    const spent = (this.#spent.get(consent) ?? 0) + 1;
    this.#spent.set(consent, spent);
    return { headers: rateHeaders(limit, Math.max(0, limit - spent), (window + 1) * minute), exceeded: spent > limit };
  }
}

/** @param reset milliseconds since the epoch; on the wire it is seconds */
export function rateHeaders(limit: number, remaining: number, reset: number): Record<string, string> {
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(Math.ceil(reset / 1000)),
  };
}

const fine = { errors: [], warnings: [] };

/** What a client-credentials token sees: all that was granted through consent URLs, in the portfolio's order. */
function sharedWithApp(ledger: Ledger, settings: Settings): readonly Holding[] {
  const granted = ledger.consents().filter(({ kind, revoked }) => kind !== 'login' && !revoked);
  return settings.portfolio.filter((holding) => granted.some(({ shared }) => shared.includes(holding)));
}

function advertiser({ id, name }: Holding): object {
  return { type: 'advertiser', id, attributes: { advertiserName: name } };
}

function account({ id, name }: Holding): object {
  const attributes = {
    name,
    type: 'demand',
    subtype: 'brand',
    countries: ['US'],
    currency: 'USD',
    parentAccountLabel: name,
    timeZone: 'America/New_York',
  };
  return { type: 'RetailMediaAccount', id, attributes };
}

function whole(values: string[] | undefined, fallback: number): number | undefined {
  if (!values) return fallback;
  const [value = '', ...more] = values;
  return /^\d{1,9}$/.test(value) && more.length === 0 ? Number(value) : undefined;
}
