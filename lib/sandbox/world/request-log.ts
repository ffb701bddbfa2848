import { longestTimer } from '../schema/sandbox-schemas';
import type { RequestFilter, RequestMatch, SandboxRequest } from '../types';
import type { Incoming } from '../wire/exchange';
import { formOf } from '../wire/exchange';
import { formRecord, readForm } from '../wire/form';

/** How many requests are kept. */
const mostEntries = 5_000;
/** How many characters all kept requests may have, with their responses: about 16 MB of memory at the most. */
const mostCharacters = 8_000_000;
/** How much of a response is kept: more than any response that is not a page. */
const longestResponse = 65_536;
/** How many callers can wait for a request at one time. */
const mostWaiters = 1_000;

type Listener = (request: SandboxRequest) => void;

/** What is known of a request before it is handled. */
interface Received {
  readonly endpoint: SandboxRequest['endpoint'];
  readonly app: string | undefined;
  readonly connection: number;
  readonly time: number;
}

/** What went over the wire, oldest first. Old entries go when there are too many, or they are too large together. */
export class RequestLog {
  #entries: SandboxRequest[] = [];
  #sizes = new WeakMap<SandboxRequest, number>();
  #characters = 0;
  #count = 0;
  readonly #finished = new WeakSet<SandboxRequest>();
  readonly #listeners = new Set<Listener>();
  readonly #waiters = new Set<Listener>();

  /** Adds a request that was received. */
  received(request: Incoming, { endpoint, app, connection, time }: Received): SandboxRequest {
    return this.#add({
      id: this.#nextID(),
      direction: 'in',
      endpoint,
      app,
      method: request.method,
      path: request.path,
      query: formRecord(readForm(request.search.slice(1))),
      headers: { ...request.headers },
      body: request.body.toString(),
      form: formRecord(formOf(request)),
      time,
      status: undefined,
      connection,
      checks: request.checks,
    });
  }

  /** Adds a delivery attempt of a consent callback. */
  sent(sent: Pick<SandboxRequest, 'app' | 'path' | 'headers' | 'body' | 'time'> & { attempt: number }): SandboxRequest {
    return this.#add({
      id: this.#nextID(),
      direction: 'out',
      endpoint: 'delivery',
      method: 'POST',
      query: {},
      form: {},
      status: undefined,
      connection: 0,
      checks: [],
      ...sent,
    });
  }

  /** Completes an entry, and tells the listeners. */
  finish(entry: SandboxRequest, outcome: Pick<SandboxRequest, 'status' | 'failure' | 'response' | 'error'>): void {
    const { response } = outcome;
    const short = response && { ...response, body: cut(response.body) };
    Object.assign(entry, outcome, short && { response: short });
    this.#finished.add(entry);
    this.#measure(entry);
    for (const listener of [...this.#listeners, ...this.#waiters]) {
      try {
        listener({ ...entry });
      } catch {
        // A listener that fails must not fail the exchange.
      }
    }
  }

  /** Returns those that fit, oldest first. */
  entries(filter: RequestFilter = {}): SandboxRequest[] {
    return this.#entries.filter((entry) => fits(entry, filter));
  }

  clear(app?: string): void {
    for (const entry of this.entries(app === undefined ? {} : { app })) this.#remove(entry);
  }

  /** Calls the listener with every finished request. Returns a function that ends this. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Returns the oldest finished request that fits, or waits for one.
   * @param signals each of them ends the wait. (`AbortSignal.any` would keep memory as long as the oldest one lives.)
   * @returns undefined if none came in time, or the wait was ended
   * @throws Error if too many callers wait already
   */
  wait(
    filter: RequestFilter,
    milliseconds: number,
    signals: readonly AbortSignal[],
  ): Promise<SandboxRequest | undefined> {
    const found = this.entries(filter).find((entry) => this.#finished.has(entry));
    const ended = signals.some(({ aborted }) => aborted);
    if (found || ended || milliseconds <= 0) return Promise.resolve(found);
    if (this.#waiters.size >= mostWaiters) {
      return Promise.reject(new Error(`${mostWaiters} callers are waiting for requests already`));
    }
    return new Promise((resolve) => {
      const end = (request?: SandboxRequest): void => {
        clearTimeout(timer);
        this.#waiters.delete(listener);
        for (const signal of signals) signal.removeEventListener('abort', aborted);
        resolve(request);
      };
      const listener = (request: SandboxRequest): void => {
        if (fits(request, filter)) end(request);
      };
      const aborted = (): void => end();
      const timer = setTimeout(end, Math.min(milliseconds, longestTimer));
      for (const signal of signals) signal.addEventListener('abort', aborted);
      this.#waiters.add(listener);
    });
  }

  #nextID(): number {
    this.#count += 1;
    return this.#count;
  }

  #add(entry: SandboxRequest): SandboxRequest {
    this.#entries.push(entry);
    this.#measure(entry);
    return entry;
  }

  #measure(entry: SandboxRequest): void {
    // It may have been dropped while it was handled.
    if (this.#finished.has(entry) && !this.#sizes.has(entry)) return;
    const size = sizeOf(entry);
    this.#characters += size - (this.#sizes.get(entry) ?? 0);
    this.#sizes.set(entry, size);
    while (this.#entries.length > mostEntries || this.#characters > mostCharacters) {
      const [oldest] = this.#entries;
      if (!oldest) return;
      this.#remove(oldest);
    }
  }

  #remove(entry: SandboxRequest): void {
    const index = this.#entries.indexOf(entry);
    if (index < 0) return;
    this.#entries.splice(index, 1);
    this.#characters -= this.#sizes.get(entry) ?? 0;
    this.#sizes.delete(entry);
  }
}

/** Returns true if the request is one of those that are meant. */
export function fits(request: SandboxRequest, filter: RequestMatch & RequestFilter): boolean {
  const { app, method, path, endpoint, status, after, form = {}, query = {} } = filter;
  const equal = (wanted: unknown, actual: unknown): boolean => wanted === undefined || wanted === actual;
  return (
    equal(app, request.app) &&
    equal(method, request.method) &&
    equal(path, request.path) &&
    equal(endpoint, request.endpoint) &&
    equal(status, request.status) &&
    (after === undefined || request.id > after) &&
    Object.entries(form).every(([name, value]) => request.form[name] === value) &&
    Object.entries(query).every(([name, value]) => request.query[name] === value)
  );
}

function cut(text: string): string {
  return text.length > longestResponse ? `${text.slice(0, longestResponse)}…` : text;
}

function sizeOf({ path, body, headers, query, form, response }: SandboxRequest): number {
  const parts: [string, unknown][] = [headers, query, form, response?.headers ?? {}].flatMap((part) =>
    Object.entries(part),
  );
  const inParts = parts.reduce((sum, [name, value]) => sum + name.length + String(value).length, 0);
  // The rest of an entry takes some hundred bytes, however short its texts are.
  return 500 + path.length + body.length + (response?.body.length ?? 0) + inParts;
}
