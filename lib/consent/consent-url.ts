import { checkCredential, checkEndpoint, defaults, optionError } from '../util/option-checks';
import { checkOptionNames } from '../util/option-names';
import { sign } from './signature';

/** Options of {@link createConsentURL}. */
export interface ConsentURLOptions {
  /** The connector's public signing key, from the Criteo Partners Portal. It travels in the URL. */
  key: string;
  /** The connector's signing secret, from the Criteo Partners Portal. It never leaves the process. */
  secret: string;
  /**
   * Comes back in the consent callback and tells whose decision it is. Make a new value, hard to guess, for every URL,
   * and store under it what belongs to it.
   */
  state: string;
  /** Where Criteo sends the user after the decision: an absolute https URL (http on a loopback host only). */
  redirectURI: string;
  /**
   * When the URL was made: a `Date`, or whole seconds since 1970 as a number.
   *
   * @default now
   */
  timestamp?: Date | number | undefined;
  /**
   * The consent page.
   *
   * @default 'https://consent.criteo.com/request'
   */
  consentURL?: string | undefined;
}

const owner = 'createConsentURL';

/**
 * Creates a URL at which a user can share advertisers or accounts with your client-credentials app. Open it in the
 * user's browser, or send it by mail: the decision arrives at your consent callback.
 *
 * The signature covers the values as they are, not percent-encoded. A value that a browser, proxy or URL parser would
 * rewrite on the way could not be verified by Criteo, so it is refused here.
 *
 * @returns The URL, its parameters in the order in which they were signed
 * @throws {TypeError} An option is missing, or would not arrive as it was signed. The text names the option and the
 *   character, and never shows the secret
 * @see Criteo, Marketing Solutions docs: "Consent URL" of client-credentials apps
 */
export function createConsentURL(options: ConsentURLOptions): string {
  const given: Partial<ConsentURLOptions> = options ?? {};
  checkOptionNames(owner, given);
  const key = checkRaw('key', checkCredential(owner, 'key', given.key), 'copy it from the Criteo Partners Portal');
  const secret = checkCredential(owner, 'secret', given.secret);
  const state = checkRaw('state', given.state, 'use letters, digits, "-" and "_" (base64url, a UUID)');
  const redirectURI = checkRaw('redirectURI', given.redirectURI, 'store the detail in your app, under the state');
  checkEndpoint(owner, 'redirectURI', redirectURI);
  const page = checkEndpoint(owner, 'consentURL', given.consentURL ?? defaults.authorizationURL);
  if (page.search)
    throw optionError(owner, 'consentURL', 'must not have a query: the signature covers the whole query');
  const timestamp = seconds(given.timestamp);
  const query = `?key=${key}&timestamp=${timestamp}&state=${state}&redirect-uri=${redirectURI}`;
  return `${page.origin}${page.pathname}${query}&signature=${sign(query, secret)}`;
}

// All but what a query may hold as it is (RFC 3986 section 3.4); also "&" and "+", which forms read otherwise, and "'",
// which browsers encode. Square brackets pass browsers unchanged, and loopback over IPv6 needs them.
const unsafe = /[^A-Za-z0-9\-._~!$()*,;=:@/?[\]]/u;

function checkRaw(option: string, value: unknown, remedy: string): string {
  if (typeof value !== 'string' || value === '') throw optionError(owner, option, 'must be a non-empty string');
  const character = unsafe.exec(value)?.[0];
  if (character === undefined) return value;
  throw optionError(
    owner,
    option,
    `contains ${describe(character)}, which cannot be signed: it would be encoded on the way, or break the query; ${remedy}`,
  );
}

/** Names a character by its code point, and shows it if it is visible. */
function describe(character: string): string {
  const point = `U+${(character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}`;
  return /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character)
    ? `"${character}" (${point})`
    : `${names[point] ?? 'the character'} (${point})`;
}

const names: Record<string, string> = {
  'U+0009': 'a tab',
  'U+000A': 'a line feed',
  'U+000D': 'a carriage return',
  'U+0020': 'a space',
};

function seconds(timestamp: unknown = new Date()): number {
  const value = timestamp instanceof Date ? Math.floor(timestamp.getTime() / 1000) : timestamp;
  // 1e11 seconds are in the year 5138; milliseconds since 1970 have been beyond it since 1973.
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 1e11) return value;
  throw optionError(owner, 'timestamp', 'must be a valid Date, or whole seconds (not milliseconds) since 1970');
}
