import { createHash } from 'node:crypto';
import type { Agent, OutgoingHttpHeaders } from 'node:http';
import { CriteoAPIError, CriteoTransportError, foreignText } from './errors';
import { type Answer, exchange } from './http';
import { isRecord, parseJSON } from './json';
import { readAPIError } from './refusal';

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

/** Where and how a portfolio is asked for. */
export interface PortfolioEndpoint {
  service: Service;
  url: URL;
  /** The API version in `url`, for messages. */
  apiVersion: string;
  /** Milliseconds for the whole portfolio, repeats and pages included. */
  timeout: number;
  agent: Agent | undefined;
  headers?: OutgoingHttpHeaders | undefined;
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
  // By a clock that nobody sets.
  const deadline = performance.now() + endpoint.timeout;
  if (endpoint.service === 'marketing-solutions') {
    const page = await fetchPage({ ...endpoint, deadline, limit: LIMIT }, accessToken);
    const advertisers = distinct(page.items.map(readAdvertiser));
    return profileOf(endpoint.service, { advertisers, accounts: [], _raw: page.text, _json: page.json });
  }
  const pages = await fetchPages(endpoint, accessToken, deadline);
  const accounts = distinct(pages.flatMap((page) => page.items.map(readAccount)));
  const [first, ...others] = pages as [Page, ...Page[]];
  const _raw = others.length ? `[${pages.map((page) => page.text).join(',')}]` : first.text;
  const _json = others.length ? pages.map((page) => page.json) : first.json;
  return profileOf(endpoint.service, { advertisers: [], accounts, _raw, _json });
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
    const page = await fetchPage({ ...endpoint, url, deadline, limit }, accessToken);
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

interface PageRequest extends PortfolioEndpoint {
  /** By `performance.now()`. */
  deadline: number;
  /** The most bytes that are left to take. */
  limit: number;
}

async function fetchPage(request: PageRequest, accessToken: string): Promise<Page> {
  const { url, headers, agent, deadline, limit } = request;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const answer = await exchange({
        method: 'GET',
        url,
        headers: { ...headers, Authorization: `Bearer ${accessToken}` },
        limit,
        timeout: Math.max(1, Math.ceil(deadline - performance.now())),
        agent,
      });
      noteSunset(request, answer, accessToken);
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
  const items = (data ?? []).flatMap((item: unknown) => {
    if (!isRecord(item)) return [];
    const id = readId(item['id']);
    return id === undefined ? [] : [{ id, attributes: isRecord(item['attributes']) ? item['attributes'] : {} }];
  });
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

function noteSunset({ apiVersion, onSunset }: PortfolioEndpoint, { headers }: Answer, accessToken: string): void {
  const sunset = foreignText(headers['sunset'], [accessToken], 64);
  if (sunset === undefined && headers['deprecation'] === undefined) return;
  const when = sunset === undefined ? 'soon' : `on ${sunset}`;
  onSunset(`Criteo's API version ${apiVersion} ends ${when}: set the option apiVersion to a later one`);
}
