import { CriteoAPIError, type CriteoStrategyOptions, type TokenSource } from 'passport-criteo';

/** An advertiser, or a Retail Media account. */
export interface Holding {
  id: string;
  name: string | null;
}

/** Enough for 2,500 accounts. The limit ends the loop if a response has a wrong number of pages. */
const mostPages = 100;

/**
 * Fetches the shared advertisers or accounts from Criteo's API. Every API call can be made like this: the source adds the
 * token, and refreshes it if necessary.
 *
 * @param key the connection; undefined for the app's own token (client credentials)
 */
export async function fetchPortfolio(
  tokens: TokenSource,
  key: string | undefined,
  { service, apiVersion = '2026-07' }: Pick<CriteoStrategyOptions, 'service' | 'apiVersion'>,
): Promise<Holding[]> {
  if (service !== 'retail-media') {
    const { data } = await call(tokens, key, `/${apiVersion}/advertisers/me`);
    return holdings(data, 'advertiserName');
  }
  const accounts: Holding[] = [];
  for (let page = 0; page < mostPages; page += 1) {
    const { data, metadata } = await call(tokens, key, `/${apiVersion}/retail-media/accounts?pageIndex=${page}`);
    accounts.push(...holdings(data, 'name'));
    if (page + 1 >= Number(record(metadata)['totalPages'] ?? 0)) break;
  }
  return accounts;
}

async function call(tokens: TokenSource, key: string | undefined, path: string): Promise<Record<string, unknown>> {
  const response = await tokens.fetch(key, path);
  if (response.ok) return record(await response.json());
  await response.body?.cancel();
  const { status } = response;
  throw new CriteoAPIError(`Criteo responded with ${status}`, {
    code: `http_${status}`,
    status: status === 429 ? 503 : 502,
    response: { status },
    retryable: status === 429 || status >= 500,
    // The consent is missing, or was revoked.
    reauthorize: status === 403,
  });
}

/** Reads advertisers or accounts. In Criteo's schema, every field can be null. */
function holdings(data: unknown, nameField: string): Holding[] {
  if (!Array.isArray(data)) return [];
  return data.flatMap((item: unknown) => {
    const { id, attributes } = record(item);
    const name = record(attributes)[nameField];
    return typeof id === 'string' ? [{ id, name: typeof name === 'string' ? name : null }] : [];
  });
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
