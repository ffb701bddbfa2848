import type { Holding, SandboxOptions } from './types';

/** The options, checked, with every default filled in. */
export interface Settings {
  readonly port: number;
  readonly host: string;
  readonly seed: string | number | undefined;
  readonly now: () => number;
  readonly pkce: boolean;
  readonly service: 'marketing-solutions' | 'retail-media';
  readonly redirectURIs: readonly string[] | undefined;
  readonly callbackURL: string | undefined;
  readonly portfolio: readonly Holding[];
  readonly rateLimit: boolean;
  readonly decommissioned: ReadonlySet<string>;
  readonly consentURLMaxAge: number;
  readonly callbackTimeout: number;
}

const day = 86_400_000;
/** Node's timers cannot wait longer. */
const longestTimer = 2_147_483_647;

/** @throws TypeError naming the option */
export function readOptions(options: SandboxOptions): Settings {
  record('options', options, [
    'port',
    'host',
    'seed',
    'now',
    'app',
    'portfolio',
    'rateLimit',
    'decommissioned',
    'consentURLMaxAge',
    'callbackTimeout',
  ]);
  const { port = 0, host = '127.0.0.1', seed, now = Date.now, app = {}, portfolio = 5 } = options;
  const { rateLimit = false, decommissioned = [], consentURLMaxAge = 30 * day, callbackTimeout = 10_000 } = options;
  record('app', app, ['pkce', 'service', 'redirectURIs', 'callbackURL']);
  const { pkce = false, service = 'marketing-solutions', redirectURIs, callbackURL } = app;
  const check = (name: string, fits: boolean, expected: string): void => {
    if (!fits) throw new TypeError(`createSandbox: option \`${name}\` must be ${expected}`);
  };
  check('port', Number.isInteger(port) && port >= 0 && port <= 65_535, 'a whole number from 0 to 65535');
  check('host', typeof host === 'string' && host !== '', 'an address or host name to listen on');
  check('seed', ['string', 'number', 'undefined'].includes(typeof seed), 'a string or a number');
  check('now', typeof now === 'function', 'a function that returns milliseconds since the epoch');
  check('app.pkce', typeof pkce === 'boolean', 'true or false');
  check(
    'app.service',
    service === 'marketing-solutions' || service === 'retail-media',
    "'marketing-solutions' or 'retail-media'",
  );
  check(
    'app.redirectURIs',
    redirectURIs === undefined || (isStrings(redirectURIs) && redirectURIs.every(isAbsolute)),
    'an array of absolute URLs',
  );
  check(
    'app.callbackURL',
    callbackURL === undefined || isWebURL(callbackURL),
    'an https URL, or an http URL on a loopback host',
  );
  check('rateLimit', typeof rateLimit === 'boolean', 'true or false');
  check('decommissioned', isStrings(decommissioned), "an array of API versions, such as ['2024-01']");
  check('consentURLMaxAge', isDuration(consentURLMaxAge, Infinity), 'milliseconds, a number above 0');
  check('callbackTimeout', isDuration(callbackTimeout, longestTimer), 'milliseconds, a number above 0');
  return {
    port,
    host,
    seed,
    now,
    pkce,
    service,
    redirectURIs: redirectURIs && [...redirectURIs],
    callbackURL,
    portfolio: readPortfolio(portfolio, service),
    rateLimit,
    decommissioned: new Set(decommissioned),
    consentURLMaxAge,
    callbackTimeout,
  };
}

/** Whether Criteo would take it for a redirect URI: HTTPS, or HTTP on loopback as its own demo has it. */
export function isWebURL(text: unknown): boolean {
  // The URL parser forgives line breaks and the like, which must not reach a Location header.
  if (typeof text !== 'string' || !/^[\x21-\x7e]+$/.test(text) || text.includes('#') || !URL.canParse(text)) {
    return false;
  }
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

/** Whether a URL's host name stays on this machine. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/i.test(hostname);
}

function isAbsolute(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text) && URL.canParse(text);
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isDuration(value: unknown, most: number): boolean {
  return typeof value === 'number' && value > 0 && value <= most;
}

/** Options that do not exist are mistakes too: a misspelt one would otherwise do nothing, silently. */
export function record(name: string, value: object, known: readonly string[]): void {
  if (typeof value !== 'object' || value === null) throw new TypeError(`createSandbox: \`${name}\` must be an object`);
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new TypeError(`createSandbox: there is no option \`${key}\` in \`${name}\`; there are ${known.join(', ')}`);
    }
  }
}

const names = ['Northwind Outdoor', 'Lumen & Oak', 'Piccola Cucina', 'Kestrel Cycles', 'Café Soleil'];
const ids = ['13', '1352', '20417', '48151', '90210'];

function readPortfolio(portfolio: number | readonly Holding[], service: string): readonly Holding[] {
  const problem = new TypeError(
    'createSandbox: option `portfolio` must be a whole number from 0 to 1000, or an array of { id: string, name: string | null } with different ids',
  );
  if (typeof portfolio !== 'number') {
    if (!Array.isArray(portfolio)) throw problem;
    const holdings = portfolio.map(({ id, name }: Holding) => ({ id, name }));
    const fits = ({ id, name }: Holding) => typeof id === 'string' && (typeof name === 'string' || name === null);
    if (!holdings.every(fits) || new Set(holdings.map(({ id }) => id)).size < holdings.length) throw problem;
    return holdings;
  }
  if (!Number.isInteger(portfolio) || portfolio < 0 || portfolio > 1000) throw problem;
  return Array.from({ length: portfolio }, (_, index) => ({
    // Retail Media's ids exceed 2^53.
    id: service === 'retail-media' ? String(2n ** 64n + BigInt(index)) : (ids[index] ?? String(100_000 + index)),
    name: names[index] ?? `Client ${index + 1}`,
  }));
}
