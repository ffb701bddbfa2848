/** A fact about Criteo that is not documented, and the ways it may turn out. */
export interface UnknownFact {
  /** The question that Criteo's documentation leaves open. */
  readonly question: string;
  /** Every way it may be, as far as the sandbox can play it: its name, and what it does. */
  readonly variants: Readonly<Record<string, string>>;
  /** The variant that is on unless another one is chosen. */
  readonly default: string;
  /** Why this variant is the default. */
  readonly why: string;
}

const consentAgainVariants = {
  works: 'A new consent replaces nothing and shares what was ticked.',
  'error-page': 'Criteo shows an error page: access was granted already. It works again after a revocation.',
  'only-new': 'The new consent shares only what was not shared before.',
} as const;

/**
 * Every fact about Criteo that the library depends on and that Criteo does not document, with the variants that the
 * sandbox can play. Options, the HTTP API, the console and the documentation are made from this table.
 */
export const sandboxVariants = {
  denialError: {
    question: 'Which `error` does the redirect carry when the user denies?',
    variants: {
      access_denied: '`error=access_denied`, the word of RFC 6749.',
      consent_denied: '`error=consent_denied`, a word of its own.',
      sentence: '`error=The user did not give consent`, text instead of a code.',
    },
    default: 'access_denied',
    why: 'RFC 6749, section 4.1.2.1, names it; Criteo documents only "an error".',
  },
  denialDescription: {
    question: 'Does the redirect after a denial carry an `error_description`?',
    variants: { none: 'It carries none.', text: 'It carries a sentence with characters that need encoding.' },
    default: 'none',
    why: 'Criteo documents no other parameter than `error`.',
  },
  stateOnError: {
    question: 'Does `state` come back when the user denies?',
    variants: {
      returned: 'It comes back as it was sent.',
      'left-out': 'It is left out.',
      empty: 'It comes back empty.',
      altered: 'It comes back in lower case, with a character added.',
    },
    default: 'returned',
    why: 'RFC 6749, section 4.1.2.1, demands it; Criteo documents `state` for the success only.',
  },
  codeReuse: {
    question: 'What happens when a code is sent a second time?',
    variants: {
      refused: 'It is refused; the tokens of the first exchange keep working.',
      'revokes-tokens': 'It is refused, and the tokens that the first exchange gave out are revoked.',
    },
    default: 'refused',
    why: 'Criteo documents that a code works once; RFC 6749, section 4.1.2, only recommends the revocation.',
  },
  refreshToken: {
    question: 'Which refresh token does the response to a refresh carry?',
    variants: {
      same: 'The same one.',
      absent: 'None: the field is left out. The old one keeps working.',
      null: 'None: the field is null. The old one keeps working.',
      rotated: 'A new one. The old one stops working at once.',
      'rotated-with-grace': 'A new one. The old one works for 60 more seconds.',
    },
    default: 'same',
    why: "Criteo's SDK stores one from every response, and a client is known that used one for two years.",
  },
  keyPair: {
    question: 'Do codes and refresh tokens belong to the key pair that asked for them, or to the app?',
    variants: {
      bound: 'To the key pair: with another one of the same app the response is `invalid_grant`.',
      app: 'To the app: any of its key pairs can use them.',
    },
    default: 'bound',
    why: 'RFC 6749, section 6, binds them to the client id; the stricter reading finds more mistakes.',
  },
  clientError: {
    question: 'Which `error` names wrong client credentials?',
    variants: {
      invalid_client: '`invalid_client`, as RFC 6749 has it.',
      credentials_no_longer_supported: '`credentials_no_longer_supported`, seen with an old client.',
    },
    default: 'invalid_client',
    why: 'Criteo documents it. The other word was seen in 2021, once.',
  },
  pkceSecret: {
    question: 'Does an app with PKCE switched on send its client secret?',
    variants: {
      optional: 'It may: a right secret and none at all are accepted.',
      required: 'It must.',
      refused: 'It must not.',
    },
    default: 'optional',
    why: 'Criteo documents PKCE for clients that cannot keep a secret, and says nothing of those that can.',
  },
  pkceWithoutSwitch: {
    question: 'What does an app with PKCE switched off get for a `code_challenge`?',
    variants: {
      refused: 'An error page; and a `code_verifier` gets `invalid_grant`.',
      ignored: 'Nothing happens: challenge and verifier are ignored.',
      checked: 'The challenge counts, as if PKCE were switched on.',
    },
    default: 'refused',
    why: 'A client that works against the strictest reading works against all of them.',
  },
  consentAgain: {
    question: 'What happens when a user who has already given consent goes through the flow again?',
    variants: consentAgainVariants,
    default: 'works',
    why: 'Vendors disagree: one says that approving again simply works, some report an error page.',
  },
  consentAgainByColleague: {
    question: 'What happens when a colleague has already given consent for the same advertisers?',
    variants: consentAgainVariants,
    default: 'works',
    why: 'Some vendors report an error, "already granted by you or a colleague"; others report nothing.',
  },
  portfolioAfterConsent: {
    question: 'Does the API list the advertisers directly after a consent?',
    variants: { complete: 'Yes.', 'empty-for-a-minute': 'No: for 60 seconds the list is empty.' },
    default: 'complete',
    why: 'The delay was seen with client credentials only; whether logins meet it is open.',
  },
  refreshAfterRevocation: {
    question: 'Does a refresh still work after the user revoked the consent on their dashboard?',
    variants: {
      refused: 'No: `invalid_grant`.',
      works: 'Yes; only the API responds 403.',
    },
    default: 'refused',
    why: 'It ends a connection at the first request, so that tests of the end stay short.',
  },
  loginRateLimit: {
    question: 'How many API calls a minute may an authorization-code app make?',
    variants: {
      'per-account': '10 for each account that the user granted, counted for each user (since 2025-10).',
      flat: '10 for each consent, as it was before.',
    },
    default: 'per-account',
    why: 'It is documented; the older limit stays as a switch for clients that must survive it.',
  },
  tooManyRequestsBody: {
    question: 'Which body does a 429 response have?',
    variants: {
      'error-list': "The API's error list, with the type `quota`.",
      message: 'A JSON object with only a `message`.',
      html: 'A page of HTML, as gateways send it.',
      empty: 'None.',
    },
    default: 'error-list',
    why: 'Every other error of the API has it.',
  },
  contentType: {
    question: 'Which content type do JSON responses have?',
    variants: {
      'application/json': '`application/json; charset=utf-8`.',
      'text/json': '`text/json`.',
      'text/plain': '`text/plain`.',
    },
    default: 'application/json',
    why: "Criteo's OpenAPI files declare all three for the token endpoint; this one is the customary one.",
  },
  largePages: {
    question: 'What happens when `pageSize` of retail-media/accounts is too large?',
    variants: {
      accepted: 'Pages have up to 1000 accounts; more is an error 400.',
      'capped-at-10': 'Pages have 10 accounts at most, whatever was asked for.',
      'refused-above-100': 'More than 100 is an error 400.',
    },
    default: 'accepted',
    why: 'Criteo documents the default of 25 and no maximum.',
  },
  signedURLCheck: {
    question: 'Does Criteo check the signature of a consent URL over the raw or the decoded query?',
    variants: { raw: 'Over the query as it was sent.', decoded: 'Over the percent-decoded values.' },
    default: 'raw',
    why: 'Two independent clients sign raw values; for values without special characters both are the same.',
  },
  signedURLLifetime: {
    question: 'Does a signed consent URL expire?',
    variants: {
      limited: 'After the time of the option `consentURLMaxAge`, 30 days unless set.',
      unlimited: 'Never.',
    },
    default: 'limited',
    why: "Criteo's own links expire after 30 days, and a signed URL carries a timestamp for some reason.",
  },
  denialOfLink: {
    question: 'Does a denial use up a consent link?',
    variants: { 'keeps-link': 'No: the link still works.', 'uses-up-link': 'Yes: the link is used up.' },
    default: 'keeps-link',
    why: 'Criteo says that a link is used up "once it has been used to grant consent".',
  },
  redirectAfterLink: {
    question: 'Which parameters does the redirect after a consent link carry?',
    variants: { none: 'None.', state: '`state`, as it was signed.' },
    default: 'none',
    why: 'Criteo documents none.',
  },
  callbackStateName: {
    question: 'What is the state called in the body of the consent callback?',
    variants: { State: '`State`.', state: '`state`.', STATE: '`STATE`.' },
    default: 'State',
    why: 'The documented names of the body start with a capital letter.',
  },
  callbackIds: {
    question: 'Which shape do advertisers and accounts have in the consent callback?',
    variants: {
      strings: 'Ids as text.',
      numbers: 'Ids as numbers, of any size.',
      objects: 'Objects with `Id` and `Name`.',
      'lower-case-objects': 'Objects with `id` and `name`.',
    },
    default: 'strings',
    why: 'The API has ids as text everywhere.',
  },
} as const satisfies Readonly<Record<string, UnknownFact>>;

/** The name of an unknown fact. */
export type VariantName = keyof typeof sandboxVariants;

/** One variant of every unknown fact. */
export type Variants = {
  [Name in VariantName]: Extract<keyof (typeof sandboxVariants)[Name]['variants'], string>;
};

/** The names of all unknown facts, in the order of the table. */
export const variantNames = Object.keys(sandboxVariants) as VariantName[];

/** The default variant of every unknown fact. */
// Cast because Object.fromEntries forgets which names there are: they come from the table itself.
export const defaultVariants = Object.fromEntries(
  variantNames.map((name) => [name, sandboxVariants[name].default]),
) as unknown as Variants;
