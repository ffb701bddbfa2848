/**
 * The options of everything in this package that takes an object of options. In one place, because people pass one
 * settings object to several of them: a name that belongs to one is no mistake at another.
 */
export const optionNames = {
  CriteoStrategy: [
    'agent',
    'apiURL',
    'apiVersion',
    'authorizationURL',
    'bindTo',
    'callbackURL',
    'clientID',
    'clientSecret',
    'customHeaders',
    'issuer',
    'name',
    'passReqToCallback',
    'pkce',
    'requireUserProfile',
    'service',
    'sessionKey',
    'skipUserProfile',
    'state',
    'store',
    'timeout',
    'tokenURL',
    'userProfileURL',
    'verify',
  ],
  CriteoClient: ['agent', 'apiURL', 'clientID', 'clientSecret', 'timeout', 'tokenURL'],
  TokenSource: [
    'client',
    'concurrency',
    'expiringWithin',
    'grant',
    'lock',
    'now',
    'onExpiring',
    'onReauthorizationRequired',
    'skew',
    'store',
  ],
  SessionStateStore: ['key', 'limit', 'maxAge'],
  CookieStateStore: ['limit', 'maxAge', 'name', 'secret', 'secure'],
  createConsentURL: ['consentURL', 'key', 'redirectURI', 'secret', 'state', 'timestamp'],
  consentCallback: ['limit', 'onConsent', 'onError', 'secret', 'seen', 'timeout'],
  readConsentCallback: ['limit', 'secret', 'timeout'],
} as const satisfies Record<string, readonly string[]>;

/** A class or function that takes options. */
export type OptionOwner = keyof typeof optionNames;

// What `sandbox.app` and `sandbox.endpoints` hold beside options of the strategy: people spread them whole.
const everyName = new Set<string>(['signingKey', 'signingSecret', ...Object.values(optionNames).flat()]);

// Names that other libraries give to the same thing, as they compare: in lower case, without separators.
const otherNames: Readonly<Record<string, string>> = {
  apibase: 'apiURL',
  apibaseurl: 'apiURL',
  baseurl: 'apiURL',
  consumerkey: 'clientID',
  consumersecret: 'clientSecret',
  httpagent: 'agent',
  httpsagent: 'agent',
  proxyagent: 'agent',
  redirecturi: 'callbackURL',
  redirecturl: 'callbackURL',
  requireprofile: 'requireUserProfile',
  skipprofile: 'skipUserProfile',
  ttl: 'maxAge',
  usepkce: 'pkce',
};

/**
 * Checks that no option is misspelt. A name that is nearly one of the owner's options is refused, because the option
 * would silently have no effect. Names that belong to another part of the package, and names that resemble nothing (a
 * subclass has options of its own), are left alone.
 *
 * @throws {TypeError} if a name looks like a misspelt option: it names both.
 */
export function checkOptionNames(owner: OptionOwner, options: object): void {
  for (const name of Object.keys(options)) {
    if (everyName.has(name)) continue;
    const meant = nearest(name, optionNames[owner]);
    if (meant !== undefined) {
      throw new TypeError(`${owner}: there is no option ${JSON.stringify(name)}. Did you mean ${meant}?`);
    }
  }
}

/** Returns the name that was probably meant, if any. */
function nearest(name: string, names: readonly string[]): string | undefined {
  const given = plain(name);
  const other = otherNames[given];
  return names.find((each) => each === other) ?? names.find((each) => distance(given, plain(each)) <= tolerance(each));
}

/** Returns the form in which names are compared: `client_id`, `client-id`, `clientId` and `clientID` are the same. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[_\-\s]/g, '');
}

/** Returns how many letters may differ. Short names are similar to many words. */
function tolerance(name: string): number {
  if (name.length <= 4) return 0;
  return name.length <= 7 ? 1 : 2;
}

/** Returns how many letters to insert, remove, replace or swap with their neighbour (optimal string alignment distance). */
function distance(a: string, b: string): number {
  // Too different already. This also limits the work for a name of any length.
  if (Math.abs(a.length - b.length) > 2) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      // Each index is within its row.
      const candidates = [Number(last[j]) + 1, Number(row[j - 1]) + 1, Number(last[j - 1]) + (same ? 0 : 1)];
      if (swapped) candidates.push(Number(before[j - 2]) + 1);
      row.push(Math.min(...candidates));
    }
    [before, last] = [last, row];
  }
  return Number(last[b.length]);
}
