import { createHash } from 'node:crypto';
import { CriteoAPIError, CriteoTransportError } from '../errors';
import { type Answer, type Endpoint, exchange } from '../http/exchange';
import { isRecord, parseJSON } from '../util/json';
import { foreignText } from '../util/redaction';
import { readAPIError } from './error-response';

/** Which of Criteo's two services the app belongs to. */
export type Service = 'marketing-solutions' | 'retail-media';

/** An advertiser of Criteo Marketing Solutions. */
export interface CriteoAdvertiser {
  id: string;
  name: string | null;
}

/** An account of Criteo Retail Media. Ids exceed 2^53: never turn one into a number. */
export interface CriteoAccount {
  id: string;
  name: string | null;
  /** `demand` or `supply`. */
  type: string | null;
  /** `brand` or `seller`, for a demand account. */
  subtype: string | null;
  /** ISO 3166 codes. */
  countries: string[];
  /** ISO 4217 code. */
  currency: string | null;
  /** IANA name. */
  timeZone: string | null;
  parentAccountLabel: string | null;
}

/**
 * What stands in for a profile: Criteo names no person, only the portfolio that was shared. Everybody who may consent
 * for the same advertisers has the same profile, and the profile of somebody who shares one more is another.
 */
export interface CriteoProfile {
  provider: 'criteo';
  /** The id of the only advertiser (or account), else the SHA-256, in hex, over the sorted ids. */
  id: string;
  /** For people to read. */
  displayName: string;
  service: Service;
  /** Marketing Solutions; empty otherwise. */
  advertisers: CriteoAdvertiser[];
  /** Retail Media; empty otherwise. */
  accounts: CriteoAccount[];
  /** The body as it came; of several pages, a JSON array of them. */
  _raw: string;
  /** The same, parsed. */
  _json: unknown;
}

/** Where and how a portfolio is asked for; `timeout` holds for the whole of it, repeats and pages included. */
export interface PortfolioEndpoint extends Endpoint {
  service: Service;
  /** The API version in `url`, for messages. */
  apiVersion: string;
  /** Is told once that this API version will end. */
  onSunset(message: string): void;
}

const LIMIT = 8 * 1024 * 1024;
const PAGE_SIZE = 25;
const PAGES = 100;
// Waits before the second and the third try, in milliseconds.
const PAUSES = [250, 1000];

/**
 * Fetches the portfolio of an access token: `advertisers/me` (Criteo, Marketing Solutions, "Get portfolio") or all
 * pages of `retail-media/accounts` (Criteo, Retail Media, "Accounts").
 *
 * @throws {CriteoAPIError} Criteo refused, or shared nothing (`no_advertisers`).
 * @throws {CriteoTransportError} no usable answer came.
 */
export async function fetchProfile(endpoint: PortfolioEndpoint, accessToken: string): Promise<CriteoProfile> {
  const { service } = endpoint;
  // By a clock that nobody sets.
  const deadline = performance.now() + endpoint.timeout;
  if (service === 'marketing-solutions') {
    const page = await fetchPage(endpoint, accessToken, { url: endpoint.url, deadline, limit: LIMIT });
    const advertisers = distinct(page.items.map(readAdvertiser));
    return profileOf(service, { advertisers, accounts: [], _raw: page.text, _json: page.json });
  }
  const pages = await fetchPages(endpoint, accessToken, deadline);
  const accounts = distinct(pages.flatMap((page) => page.items.map(readAccount)));
  const [first, ...others] = pages as [Page, ...Page[]];
  const _raw = others.length ? `[${pages.map((page) => page.text).join(',')}]` : first.text;
  const _json = others.length ? pages.map((page) => page.json) : first.json;
  return profileOf(service, { advertisers: [], accounts, _raw, _json });
}

interface Page {
  text: string;
  json: Record<string, unknown>;
  items: { id: string; attributes: Record<string, unknown> }[];
}

async function fetchPages(endpoint: PortfolioEndpoint, accessToken: string, deadline: number): Promise<Page[]> {
  const pages: Page[] = [];
  let limit = LIMIT;
  for (let index = 0; index < PAGES; index += 1) {
    // By number only: a `nextPage` of the answer's could lead anywhere.
    const url = new URL(endpoint.url);
    url.searchParams.set('pageIndex', String(index));
    url.searchParams.set('pageSize', String(PAGE_SIZE));
    const page = await fetchPage(endpoint, accessToken, { url, deadline, limit });
    pages.push(page);
    limit -= Buffer.byteLength(page.text);
    const { metadata, data } = page.json;
    const total = isRecord(metadata) ? metadata['totalPages'] : undefined;
    const last = typeof total === 'number' ? index + 1 >= total : !Array.isArray(data) || data.length < PAGE_SIZE;
    if (last) return pages;
  }
  throw new CriteoTransportError(`Criteo's portfolio has more than ${PAGES} pages`, {
    code: 'response_too_large',
    status: 502,
    response: { status: 200 },
  });
}

interface PageRequest {
  url: URL;
  /** By `performance.now()`. */
  deadline: number;
  /** The most bytes that are left to take. */
  limit: number;
}

async function fetchPage(
  { agent, headers, apiVersion, onSunset }: PortfolioEndpoint,
  accessToken: string,
  { url, deadline, limit }: PageRequest,
): Promise<Page> {
  const request = { method: 'GET', headers: { Authorization: `Bearer ${accessToken}` }, limit };
  for (let attempt = 0; ; attempt += 1) {
    try {
      const timeout = Math.max(1, Math.ceil(deadline - performance.now()));
      const answer = await exchange({ url, timeout, agent, headers }, request);
      const end = sunset(answer, accessToken);
      if (end) onSunset(`Criteo's API version ${apiVersion} ends ${end}: set the option apiVersion to a later one`);
      return readPage(answer, accessToken);
    } catch (error) {
      const pause = pauseAfter(error, attempt);
      // Half a second more, or the next try could not be answered either.
      if (pause === undefined || performance.now() + pause + 500 > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** Milliseconds until a request that failed so may be tried again; nothing where it may not. */
function pauseAfter(error: unknown, attempt: number): number | undefined {
  if (!(error instanceof CriteoAPIError || error instanceof CriteoTransportError) || !error.retryable) return undefined;
  const pause = PAUSES[attempt];
  if (pause === undefined) return undefined;
  // A random share keeps many processes from coming back all at once.
  return Math.max(pause * (0.5 + Math.random() / 2), (error.retryAfter ?? 0) * 1000);
}

function readPage(answer: Answer, accessToken: string): Page {
  const { status, text } = answer;
  const json = parseJSON(text);
  // What there is counts, though errors may stand beside it; nothing beside errors is no empty portfolio.
  const refused = isRecord(json) && isFilled(json['errors']) && !isFilled(json['data']);
  if (status < 200 || status >= 300 || refused) {
    throw readAPIError(answer, [accessToken]);
  }
  if (!isRecord(json)) throw invalid(status, 'is not a JSON object');
  const { data = null } = json;
  if (data !== null && !Array.isArray(data)) throw invalid(status, 'has a data that is no array');
  const items: Page['items'] = [];
  for (const item of (data ?? []) as unknown[]) {
    if (!isRecord(item)) continue;
    const { id: given, attributes } = item;
    const id = readId(given);
    if (id !== undefined) items.push({ id, attributes: isRecord(attributes) ? attributes : {} });
  }
  return { text, json, items };
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function readId(value: unknown): string | undefined {
  if (typeof value === 'string') return value || undefined;
  if (typeof value !== 'number') return undefined;
  if (!Number.isSafeInteger(value))
    throw invalid(200, 'has an id that is a number, and beyond 2^53 or otherwise not exact');
  return String(value);
}

function invalid(status: number, what: string): CriteoTransportError {
  return new CriteoTransportError(`Criteo's portfolio response ${what}`, {
    code: 'invalid_response',
    status: 502,
    response: { status },
  });
}

function readAdvertiser({ id, attributes }: Page['items'][number]): CriteoAdvertiser {
  return { id, name: string(attributes['advertiserName']) };
}

function readAccount({ id, attributes }: Page['items'][number]): CriteoAccount {
  const { name, type, subtype, countries, currency, timeZone, parentAccountLabel } = attributes;
  return {
    id,
    name: string(name),
    type: string(type),
    subtype: string(subtype),
    countries: Array.isArray(countries) ? countries.filter((country) => typeof country === 'string') : [],
    currency: string(currency),
    timeZone: string(timeZone),
    parentAccountLabel: string(parentAccountLabel),
  };
}

function string(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

// A portfolio that grows while its pages are read shows an item twice.
function distinct<T extends { id: string }>(items: T[]): T[] {
  return [...new Map(items.map((item) => [item.id, item])).values()];
}

function profileOf(
  service: Service,
  portfolio: Pick<CriteoProfile, 'advertisers' | 'accounts' | '_raw' | '_json'>,
): CriteoProfile {
  const [first, ...others] = [...portfolio.advertisers, ...portfolio.accounts];
  if (!first) {
    const what = service === 'retail-media' ? 'account' : 'advertiser';
    throw new CriteoAPIError(`No ${what} was shared, so there is nothing to tell one user from another by`, {
      code: 'no_advertisers',
      status: 403,
      reauthorize: true,
      response: { status: 200 },
    });
  }
  const name = first.name || first.id;
  if (!others.length) return { provider: 'criteo', id: first.id, displayName: name, service, ...portfolio };
  const ids = [first, ...others].map((item) => item.id).sort();
  const id = createHash('sha256').update(ids.join('\n')).digest('hex');
  const displayName = `${name} and ${others.length} more`;
  return { provider: 'criteo', id, displayName, service, ...portfolio };
}

/** When the version of the API that answered will end; nothing where the answer does not say that it will. */
function sunset({ headers }: Answer, accessToken: string): string | undefined {
  const date = foreignText(headers['sunset'], [accessToken], 64);
  if (date !== undefined) return `on ${date}`;
  return headers['deprecation'] === undefined ? undefined : 'soon';
}
