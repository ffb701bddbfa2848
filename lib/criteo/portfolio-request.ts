import { setTimeout as sleep } from 'node:timers/promises';
import { CriteoAPIError, CriteoTransportError } from '../errors';
import { type Endpoint, exchange, type HTTPResponse } from '../http/exchange';
import { backOff } from '../util/back-off';
import { isRecord, parseJSON } from '../util/json';
import { foreignText } from '../util/redaction';
import { readAPIError } from './error-response';

/** One response of the portfolio: all of it, or a page. */
export interface Page {
  text: string;
  json: Record<string, unknown>;
  /** Entries of the response, those without a usable id included. */
  count: number;
  items: { id: string; attributes: Record<string, unknown> }[];
}

/** How a portfolio is requested. */
interface PortfolioRequest {
  agent: Endpoint['agent'];
  headers: Endpoint['headers'];
  accessToken: string;
  /** When all of it must be there, by `performance.now()`. */
  deadline: number;
  /** Is told when this version of the API ends. */
  onSunset(when: string): void;
}

/** Maximum length of a portfolio, in bytes: of all its pages together. */
export const LARGEST_PORTFOLIO = 8 * 1024 * 1024;

// Milliseconds before the second and the third try.
const PAUSES = [250, 1000] as const;
// Milliseconds that must be left after a pause, or the next try could not be answered in time.
const LEAST = 500;

/**
 * Requests the portfolio, or a page of it. A failure that may pass is tried twice more. If Criteo says when the rate limit
 * is reset, the request waits for that, as often as the deadline allows.
 *
 * @param limit the most bytes to take.
 * @throws {CriteoAPIError} Criteo refused.
 * @throws {CriteoTransportError} no usable response came.
 */
export async function requestPage(request: PortfolioRequest, url: URL, limit: number): Promise<Page> {
  const { agent, headers, accessToken, deadline, onSunset } = request;
  const authorization = { Authorization: `Bearer ${accessToken}` };
  let failures = 0;
  for (;;) {
    try {
      const timeout = Math.max(1, Math.ceil(deadline - performance.now()));
      const get = { method: 'GET', headers: authorization, limit };
      const response = await exchange({ url, timeout, agent, headers }, get);
      const end = sunset(response, accessToken);
      if (end) onSunset(end);
      return readPage(response, accessToken);
    } catch (error) {
      if (!(error instanceof CriteoAPIError || error instanceof CriteoTransportError) || !error.retryable) throw error;
      const { retryAfter = 0 } = error;
      const isTold = error.response?.status === 429 && retryAfter > 0;
      const pause = isTold ? PAUSES[0] : PAUSES[failures];
      if (!isTold) failures += 1;
      const wait = pause && backOff(pause, error.retryAfter);
      if (wait === undefined || performance.now() + wait + LEAST > deadline) throw error;
      await sleep(wait);
    }
  }
}

function readPage(response: HTTPResponse, accessToken: string): Page {
  const { status, text } = response;
  const json = parseJSON(text);
  // Data counts, even if errors stand beside it. No data beside errors is not an empty portfolio.
  const refused = isRecord(json) && isFilled(json['errors']) && !isFilled(json['data']);
  if (status < 200 || status >= 300 || refused) {
    throw readAPIError(response, [accessToken]);
  }
  if (!isRecord(json)) throw invalidPortfolio(status, 'is not a JSON object');
  const { data = null } = json;
  if (data !== null && !Array.isArray(data)) throw invalidPortfolio(status, 'has a data that is not an array');
  const entries = (data ?? []) as unknown[];
  const items: Page['items'] = [];
  for (const entry of entries) {
    if (!isRecord(entry)) continue;
    const { id: given, attributes } = entry;
    const id = readId(given);
    if (id !== undefined) items.push({ id, attributes: isRecord(attributes) ? attributes : {} });
  }
  return { text, json, items, count: entries.length };
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function readId(value: unknown): string | undefined {
  if (typeof value === 'string') return value || undefined;
  if (typeof value !== 'number') return undefined;
  if (!Number.isSafeInteger(value)) throw invalidPortfolio(200, 'has an id that is a number and not exact (2^53)');
  return String(value);
}

/** Creates the error of a portfolio that is not what it should be. */
export function invalidPortfolio(status: number, what: string, retryable = false): CriteoTransportError {
  return new CriteoTransportError(`Criteo's portfolio response ${what}`, {
    code: 'invalid_response',
    status: retryable ? 503 : 502,
    retryable,
    response: { status },
  });
}

/** Returns when the version of the API that answered ends, or nothing if the response does not say that it does. */
function sunset({ headers }: HTTPResponse, accessToken: string): string | undefined {
  const date = foreignText(headers['sunset'], [accessToken], 64);
  if (date !== undefined) return `on ${date}`;
  return headers['deprecation'] === undefined ? undefined : 'soon';
}
