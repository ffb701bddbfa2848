import { readJSON } from './read-json.js';

interface Page<T> {
  data?: T[] | null;
  metadata?: { totalPages?: number } | null;
}

/**
 * Yields the items of a Retail Media list, page by page. Each page is a call that counts for the rate limit.
 *
 * @param criteo the `fetch` of a connection.
 * @param path of the list, with its filters.
 */
export async function* listAll<T>(
  criteo: typeof fetch,
  path: `/${string}`,
  { pageSize = 100, ...init }: { pageSize?: number; signal?: AbortSignal } = {},
): AsyncGenerator<T, void, void> {
  const [list = '', filters = ''] = path.split('?');
  const query = new URLSearchParams(filters);
  query.set('pageSize', String(pageSize));
  for (let pageIndex = 0; ; pageIndex += 1) {
    query.set('pageIndex', String(pageIndex));
    const { data, metadata } = await readJSON<Page<T>>(await criteo(`${list}?${query}`, init));
    yield* data ?? [];
    // Not by `metadata.nextPage`: it is a whole URL, and what a response says is no reason to call another host.
    const last = (metadata?.totalPages ?? Number.POSITIVE_INFINITY) - 1;
    if (!data?.length || pageIndex >= last) return;
  }
}
