import { CriteoAPIError, CriteoTransportError } from '../errors';
import { isRecord } from '../util/json';
import { invalidPortfolio, LARGEST_PORTFOLIO, type Page } from './portfolio-request';

// Page sizes to ask for, in this order, until one is not refused. Criteo documents 25 and not the largest. With 250, 2,500
// accounts fit in the ten calls a minute that the older rate limit allows (Criteo, "Rate limits").
const SIZES = [250, 100, 25] as const;
// Criteo's documented page size: a shorter first page is the last one, even if the response does not say so.
const DOCUMENTED = 25;
const MOST_PAGES = 100;

type RequestPage = (url: URL, limit: number) => Promise<Page>;

/**
 * Fetches all pages of a portfolio (Criteo, Retail Media, "Accounts"). Believes the page size and the number of items that
 * the responses tell; if these do not agree with the items that came, the portfolio changed meanwhile and is read again.
 *
 * @param request requests one page.
 * @throws {CriteoTransportError} `invalid_response` – the portfolio is incomplete, also when read again;
 *   `response_too_large` – more than 100 pages or 8 MiB.
 * @throws {CriteoAPIError} as `request`; for the rate limit, with what to do about it.
 */
export async function fetchPages(url: URL, request: RequestPage): Promise<Page[]> {
  const first = new PortfolioReading(url, request, SIZES[0]);
  if (await first.readAll()) return first.pages;
  const second = new PortfolioReading(url, request, first.size);
  if (await second.readAll()) return second.pages;
  const what = `is incomplete: ${second.read} of ${second.total} accounts came, also when it was read again`;
  const fix = 'Perhaps it is changing: start the login again later, or set requireUserProfile: false';
  throw invalidPortfolio(200, `${what}. ${fix}`, true);
}

/** One way through the pages. */
class PortfolioReading {
  readonly pages: Page[] = [];
  /** Items of all pages, as the responses tell; `undefined` if they do not. */
  total: number | undefined;
  /** Items that came. One that is shown on two pages counts once. */
  read = 0;
  /** The page size to ask for: the largest that was not refused, then the one that the server uses. */
  size: number;
  readonly #url: URL;
  readonly #request: RequestPage;
  readonly #ids = new Set<string>();
  #limit = LARGEST_PORTFOLIO;

  constructor(url: URL, request: RequestPage, size: number) {
    this.#url = url;
    this.#request = request;
    this.size = size;
  }

  /** Reads all pages, from the first on. Returns false if items are missing, or more came than there are. */
  async readAll(): Promise<boolean> {
    let index = 0;
    for (;;) {
      const page = index === 0 ? await this.#firstPage() : await this.#page(index);
      const { totalItems, totalPages, pageSize } = readMetadata(page, this.size);
      if (index > 0 && totalItems !== this.total) return false;
      this.total = totalItems;
      this.#count(page);
      if (totalItems !== undefined && this.read >= totalItems) return this.read === totalItems;
      if (page.count === 0) return totalItems === undefined;
      if (totalItems === undefined && totalPages !== undefined && index + 1 >= totalPages) return true;

      const isCounted = totalItems !== undefined || totalPages !== undefined;
      const size = pageSize ?? this.#sizeOf(page, index, isCounted);
      if (!isCounted && page.count < size) return true;
      // Positions count, not pages: if the size changed, the next page starts where the items so far end.
      index = size === this.size || index === 0 ? index + 1 : Math.floor((index * this.size) / size);
      this.size = size;
      if (this.pages.length >= MOST_PAGES || Number(totalItems) / size > MOST_PAGES) throw tooManyPages();
    }
  }

  /**
   * Returns the size of the pages if the response does not tell it. A server may send fewer items than it was asked for:
   * then the first page is as long as all others but the last.
   */
  #sizeOf({ count }: Page, index: number, isCounted: boolean): number {
    return index === 0 && (isCounted || count >= DOCUMENTED) ? Math.min(count, this.size) : this.size;
  }

  async #firstPage(): Promise<Page> {
    const smaller = SIZES.filter((size) => size < this.size);
    for (;;) {
      try {
        return await this.#page(0);
      } catch (error) {
        const next = smaller.shift();
        const isRefused = error instanceof CriteoAPIError && error.response?.status === 400;
        if (!isRefused || next === undefined) throw error;
        this.size = next;
      }
    }
  }

  async #page(index: number): Promise<Page> {
    // By number only: a `nextPage` of the response could lead to another host.
    const url = new URL(this.#url);
    url.searchParams.set('pageIndex', String(index));
    url.searchParams.set('pageSize', String(this.size));
    try {
      const page = await this.#request(url, this.#limit);
      this.#limit -= Buffer.byteLength(page.text);
      this.pages.push(page);
      return page;
    } catch (error) {
      throw this.#explained(error);
    }
  }

  #count({ items, count }: Page): void {
    const unseen = items.filter(({ id }) => !this.#ids.has(id));
    for (const { id } of unseen) this.#ids.add(id);
    // An entry without an id cannot be told from another.
    this.read += unseen.length + count - items.length;
  }

  /** Says of a rate limit, or of a deadline, how far the portfolio was read, and what to do. */
  #explained(error: unknown): unknown {
    const isLimited = error instanceof CriteoAPIError && error.response?.status === 429;
    const isLate = error instanceof CriteoTransportError && error.code === 'timeout';
    if (this.pages.length === 0 || !(isLimited || isLate)) return error;
    const progress = `Until then, ${this.read} of ${this.total ?? 'an unknown number of'} accounts came, ${this.size} on a page`;
    const fix = `${isLimited ? 'Ask Criteo for a higher limit' : 'Raise the option timeout'}, or set requireUserProfile: false`;
    const { status, retryable, response, traceId, retryAfter } = error;
    const message = `${error.message}. ${progress}. ${fix}`;
    const facts = { status, retryable, response, traceId, retryAfter, cause: error };
    return isLimited
      ? new CriteoAPIError(message, { ...facts, code: error.code })
      : new CriteoTransportError(message, { ...facts, code: 'timeout' });
  }
}

function readMetadata({ json, count }: Page, asked: number) {
  const { metadata } = json;
  const { totalItemsAcrossAllPages, currentPageSize, totalPages } = isRecord(metadata) ? metadata : {};
  const pageSize = wholeNumber(currentPageSize);
  const total = wholeNumber(totalItemsAcrossAllPages);
  return {
    // Believed if this page does not show more: a total of 0 beside accounts would end the reading too early.
    totalItems: total !== undefined && total >= count ? total : undefined,
    totalPages: typeof totalPages === 'number' ? totalPages : undefined,
    // Believed if it agrees with the items that came.
    pageSize: pageSize && pageSize >= count && pageSize <= Math.max(asked, count) ? pageSize : undefined,
  };
}

function wholeNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function tooManyPages(): CriteoTransportError {
  const why = `Criteo's portfolio has more than ${MOST_PAGES} pages. Set requireUserProfile: false`;
  return new CriteoTransportError(why, { code: 'response_too_large', status: 502, response: { status: 200 } });
}
