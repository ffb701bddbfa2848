import type { VariantName, Variants } from '../../../lib/sandbox';

/** What of the library's behaviour depends on an unknown fact. */
interface Change<Variant extends string> {
  /** What an app sees differently. */
  readonly of: string;
  /** What it sees, by variant. */
  readonly to: Readonly<Record<Variant, unknown>>;
}

/** Whatever the fact, an app sees no difference. */
const nothing = undefined;

const consentAgain = {
  works: 'the whole portfolio',
  'error-page': 'no way back',
  'only-new': 'no_advertisers',
} as const;

/**
 * All that an app sees differently, by what is unknown of Criteo. The tests know of the variants only what stands here: all
 * else holds in every variant.
 */
export const changes = {
  denialError: {
    of: '`info.error` of a login that the user denies',
    to: { access_denied: 'access_denied', consent_denied: 'consent_denied', sentence: undefined },
  },
  denialDescription: {
    of: '`info.message` of a login that the user denies',
    to: { none: 'The user declined at Criteo.', text: 'The user said "no", & left.' },
  },
  stateOnError: {
    of: '`info.code` of a login that the user denies',
    to: { returned: 'access_denied', 'left-out': 'state_missing', empty: 'state_missing', altered: 'state_unknown' },
  },
  codeReuse: nothing,
  refreshToken: nothing,
  keyPair: {
    of: 'a refresh by `CriteoClient` with another key pair (`TokenSource` sends none)',
    to: { bound: 'invalid_grant', app: 'works' },
  },
  clientError: {
    of: '`error.code` for wrong credentials',
    to: {
      invalid_client: 'invalid_client',
      credentials_no_longer_supported: 'credentials_no_longer_supported',
    },
  },
  pkceSecret: {
    of: 'whether the option `clientSecret` may be given with `pkce: true`',
    to: { optional: ['sent', 'left out'], required: ['sent'], refused: ['left out'] },
  },
  pkceWithoutSwitch: {
    of: 'a login with `pkce: true` for an app without PKCE',
    to: { refused: 'no way back', ignored: 'the whole portfolio', checked: 'the whole portfolio' },
  },
  consentAgain: { of: 'a login while an earlier consent of the user stands', to: consentAgain },
  consentAgainByColleague: { of: "a login while a colleague's consent stands", to: consentAgain },
  portfolioAfterConsent: {
    of: 'the portfolio in the first minute after a consent',
    to: { complete: 'the whole portfolio', 'empty-for-a-minute': 'no_advertisers' },
  },
  refreshAfterRevocation: {
    of: "a call after a revocation on the user's dashboard, once the access token has expired",
    to: { refused: 'reauthorization_required', works: 403 },
  },
  loginRateLimit: {
    of: 'how many calls a minute a user with two accounts has',
    to: { 'per-account': 20, flat: 10 },
  },
  tooManyRequestsBody: {
    of: '`error.code` of a portfolio that meets the rate limit',
    to: {
      'error-list': 'rate-limit-exceeded',
      message: 'too-many-requests',
      html: 'too-many-requests',
      empty: 'too-many-requests',
    },
  },
  contentType: nothing,
  largePages: nothing,
  signedURLCheck: nothing,
  signedURLLifetime: {
    of: 'a signed consent URL of 31 days ago',
    to: { limited: 'error page', unlimited: 'consent page' },
  },
  denialOfLink: {
    of: 'a signed consent URL that was denied once',
    to: { 'keeps-link': 'consent page', 'uses-up-link': 'error page' },
  },
  redirectAfterLink: {
    of: 'the parameters with which the user comes back from a signed consent URL',
    to: { none: [], state: ['state'] },
  },
  callbackStateName: nothing,
  callbackIds: nothing,
} as const satisfies { [Name in VariantName]: Change<Variants[Name]> | undefined };

/** The facts of which an app sees something. */
type Seen = { [Name in VariantName]: (typeof changes)[Name] extends undefined ? never : Name }[VariantName];

/** Returns what an app sees of a fact, given the variant that is true. */
export function promised<Name extends Seen>(
  variants: Variants,
  name: Name,
): (typeof changes)[Name]['to'][keyof (typeof changes)[Name]['to']] {
  const { to } = changes[name];
  return to[variants[name] as keyof typeof to];
}
