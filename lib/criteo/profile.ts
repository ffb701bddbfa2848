import { createHash } from 'node:crypto';
import { CriteoAPIError } from '../errors';
import type { Endpoint } from '../http/exchange';
import { fetchPages } from './portfolio-pages';
import { LARGEST_PORTFOLIO, type Page, requestPage } from './portfolio-request';

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
  /** `demand`, `supply` or `unknown`. */
  type: string | null;
  /** `brand`, `seller` or `unknown`, for a demand account. */
  subtype: string | null;
  /** ISO 3166 codes. */
  countries: string[];
  /** ISO 4217 code. */
  currency: string | null;
  /** IANA name. */
  timeZone: string | null;
  parentAccountLabel: string | null;
  /** The company that owns the account. */
  companyName: string | null;
  /** The company for which the account is managed. */
  onBehalfCompanyName: string | null;
}

/**
 * What stands in for a profile: Criteo names no person, only the portfolio that was shared. All users who may consent for
 * the same advertisers have the same profile, and a user who shares one more has another.
 */
export interface CriteoProfile {
  provider: 'criteo';
  /** The id of the only advertiser (or account), else the SHA-256, in hex, over the sorted ids. */
  id: string;
  /** A name to show to users. */
  displayName: string;
  service: Service;
  /** Marketing Solutions; empty otherwise. */
  advertisers: CriteoAdvertiser[];
  /** Retail Media; empty otherwise. */
  accounts: CriteoAccount[];
  /** The response's body; for several pages, a JSON array of them. */
  _raw: string;
  /** The same, parsed. */
  _json: unknown;
}

/**
 * Where and how a portfolio is asked for; `timeout` holds for the whole of it, repeats and pages included.
 *
 * @internal
 */
export interface PortfolioEndpoint extends Endpoint {
  service: Service;
  /** The API version in `url`, for messages. */
  apiVersion: string;
  /** Is told that this API version will end. */
  onSunset(message: string): void;
}

/**
 * Fetches the portfolio of an access token: `advertisers/me` (Criteo, Marketing Solutions, "Get portfolio") or all
 * pages of `retail-media/accounts` (Criteo, Retail Media, "Accounts").
 *
 * @throws {CriteoAPIError} Criteo refused, or shared nothing (`no_advertisers`).
 * @throws {CriteoTransportError} no usable response came, or an incomplete portfolio.
 *
 * @internal
 */
export async function fetchProfile(endpoint: PortfolioEndpoint, accessToken: string): Promise<CriteoProfile> {
  const { service, url, timeout, agent, headers, apiVersion } = endpoint;
  const request = {
    agent,
    headers,
    accessToken,
    // By a clock that cannot be set.
    deadline: performance.now() + timeout,
    onSunset: (when: string) =>
      endpoint.onSunset(`Criteo's API version ${apiVersion} ends ${when}: set the option apiVersion to a later one`),
  };
  if (service === 'marketing-solutions') {
    const page = await requestPage(request, url, LARGEST_PORTFOLIO);
    const advertisers = distinct(page.items.map(readAdvertiser));
    return profileOf(service, { advertisers, accounts: [], _raw: page.text, _json: page.json });
  }
  const pages = await fetchPages(url, (page, limit) => requestPage(request, page, limit));
  const accounts = distinct(pages.flatMap((page) => page.items.map(readAccount)));
  const [first, ...others] = pages as [Page, ...Page[]];
  const _raw = others.length ? `[${pages.map((page) => page.text).join(',')}]` : first.text;
  const _json = others.length ? pages.map((page) => page.json) : first.json;
  return profileOf(service, { advertisers: [], accounts, _raw, _json });
}

function readAdvertiser({ id, attributes }: Page['items'][number]): CriteoAdvertiser {
  return { id, name: string(attributes['advertiserName']) };
}

function readAccount({ id, attributes }: Page['items'][number]): CriteoAccount {
  const { name, type, subtype, countries, currency, timeZone } = attributes;
  const { parentAccountLabel, companyName, onBehalfCompanyName } = attributes;
  return {
    id,
    name: string(name),
    type: string(type),
    subtype: string(subtype),
    countries: Array.isArray(countries) ? countries.filter((country) => typeof country === 'string') : [],
    currency: string(currency),
    timeZone: string(timeZone),
    parentAccountLabel: string(parentAccountLabel),
    companyName: string(companyName),
    onBehalfCompanyName: string(onBehalfCompanyName),
  };
}

function string(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

// An item may be shown on two pages.
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
    throw new CriteoAPIError(
      `No ${what} was shared, so the user cannot be identified. Share one, and start the login again. If this happens to ` +
        `every user, check the option service (${service}) against the app in the Criteo Partners Portal`,
      {
        code: 'no_advertisers',
        status: 403,
        reauthorize: true,
        response: { status: 200 },
      },
    );
  }
  const name = first.name || first.id;
  if (!others.length) return { provider: 'criteo', id: first.id, displayName: name, service, ...portfolio };
  const ids = [first, ...others].map((item) => item.id).sort();
  const id = createHash('sha256').update(ids.join('\n')).digest('hex');
  const displayName = `${name} and ${others.length} more`;
  return { provider: 'criteo', id, displayName, service, ...portfolio };
}
