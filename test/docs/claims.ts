/** A promise in words of the page; the file of a test that tries to make it false, without `test/` and `.test.ts`; its name. */
type Claim = [words: string, file: string, test: string];

/** What the guides promise, by page (without `docs/` and `.md`). */
export const claims: Record<string, Claim[]> = {
  README: [
    ['It is always on, one record per login', 'options', 'rejects'],
    ['so several tabs work at once', 'login/finish', 'finishes the logins of two tabs in the order'],
    ['can only be finished by that user', 'login/finish', 'fails with user_changed if'],
    ['Connecting keeps them', 'login/load-profile', 'does not end a login by passport.authorize'],
    ['no redirect is followed', 'http/exchange', 'is rejected and not followed'],
    ['no secret appears in an error', 'strategy-secrets', 'do not appear if'],
    ['or a log', 'integration/diagnostics', 'print one line without secrets for each exchange'],
    ['An empty portfolio is never an identity', 'criteo/profile', 'does not exist for an empty portfolio'],
  ],
  'api-clients': [
    ['never follows `nextPage`', 'consumers/api-pages', 'never follows nextPage'],
    ['the token goes to Criteo only', 'consumers/api-clients', 'is called at no other address'],
  ],
  check: [
    ['it never prints the secret', 'cli/hostile', 'prints none of them, if the server'],
    ['It writes no file', 'cli/process', 'writes no file'],
    ['that only you can read', 'cli/login/run-login', 'a file that only its owner can read'],
    ['existing file is not overwritten', 'cli/login/run-login', 'overwrites no file'],
  ],
  connect: [
    ['always returns `undefined` switches the check off', 'login/finish', 'which switches the check off'],
    ['It is never sent to Criteo', 'login/start', 'and does not send it to Criteo'],
    [
      'a login cannot end at another callback URL',
      'login/finish',
      'fails with login_mismatch before the code exchange',
    ],
  ],
  'consent-callback': [
    ['never calls `next`', 'consent/consent-callback', 'is sent without a call of next'],
    ['reads at most `limit`', 'consent/read-consent-callback', 'reads up to the limit, and cancels the rest'],
    ['`onConsent` runs once per event', 'consent/seen-events', 'are not handled again'],
  ],
  'consent-urls': [
    ['these characters are refused', 'consent/consent-url', 'a URL parser changes none of the accepted ones'],
  ],
  design: [
    ['Exactly one outcome.', 'strategy-hostile-callbacks', 'has one outcome, throws nothing and exchanges no code'],
    ['before anything else in the callback is believed', 'login/finish', 'but without state keeps every login'],
    ['New tokens are stored before', 'tokens/connections', 'is not returned before the store has it'],
    ['No secret in any text', 'strategy-secrets', 'do not appear if'],
    ['no token in a URL', 'criteo/node-oauth', 'keeps the token out of the URL'],
    ['Imports point down only', 'docs/design', 'has imports that point down only'],
    ['Nothing imports the sandbox', 'docs/design', 'imports nothing of the rest'],
    ['Inputs are not changed', 'strategy', 'does not change its options, even those inside'],
    ['never made from an empty portfolio', 'criteo/profile', 'does not exist for an empty portfolio'],
  ],
  errors: [
    ['ends in exactly one of', 'strategy-hostile-callbacks', 'and one code exchange at most, if the state is right'],
    ['loading the callback again never helps', 'login/finish', 'rejects a repeated callback with state_unknown'],
    ['It is never followed', 'http/exchange', 'is rejected and not followed'],
    ['None shows a secret', 'strategy-secrets', 'do not appear if'],
  ],
  fidelity: [
    ['a code is never sent twice', 'http/repeatable-request', 'is not sent again if the server does not respond'],
  ],
  migrating: [['always on; leave them out', 'options', 'rejects']],
  networks: [
    ['take 4 KiB at most', 'state/cookie-store', 'to 4096 bytes together'],
    ['never sent again after silence', 'http/repeatable-request', 'because it may be working on the request'],
    ['or if a new connection broke', 'http/repeatable-request', 'is not sent again over a new connection that breaks'],
  ],
  observability: [
    ['No token, code or secret is in them', 'integration/diagnostics', 'duration of every exchange, and nothing else'],
  ],
  sandbox: [
    ['at most 64 kB', 'sandbox/control/control-api', 'bodies that are no JSON, and those of other content types'],
  ],
  scale: [
    [
      'nothing else is needed to put the connection back to work',
      'servers/fleet',
      'works for a customer who connects again while',
    ],
    ['exactly one for each connection that was due', 'servers/fleet', 'refreshes each connection once'],
    ['The first result stays', 'servers/fleet', 'stores each result once if a job runs twice at once'],
    ['The customer is told once for each consent', 'servers/fleet', 'tells each customer once'],
    [
      'it stops before its next call, and what it stores late changes nothing',
      'servers/fleet',
      'loses nothing and repeats little while',
    ],
    ['Redis comes back empty', 'servers/fleet', 'fills the queue again if Redis comes back empty'],
  ],
  security: [
    ['every request ends in exactly one outcome', 'strategy-hostile-callbacks', 'has one outcome, throws nothing'],
    [
      'tokens sent to the configured origins only',
      'criteo/node-oauth',
      'sends the token to the configured origins only',
    ],
  ],
  'sign-in': [
    ['if there is exactly one', 'criteo/profile', 'is the only advertiser'],
    ['never becomes a profile', 'criteo/portfolio-pages', 'fail if accounts are missing in the second reading too'],
  ],
  'state-stores': [
    [
      'in one process, if sessions are kept on the server',
      'login/finish',
      'exchanges the code once with SessionStateStore',
    ],
    ['at most 2048 bytes', 'state/session-store-size', 'counts bytes of the state, not characters'],
    ['about 2500 bytes at most', 'state/cookie-store', 'fails with state_too_large above that'],
    ['10 in a session', 'state/session-store-size', 'keeps the newest 10 logins'],
    ['5 in a browser', 'state/cookie-store', 'to the newest five'],
    [
      'never takes the place of one of your own site',
      'state/make-room',
      'removes no login of this site for one of another',
    ],
    ['Requests for images, scripts and the like start none', 'login/start', 'fails for a part of a page'],
  ],
  tokens: [
    ['for a second at most.', 'tokens/lock', 'that is not held yet is told if'],
    [
      'One refresh is under way per connection',
      'tokens/connections',
      'is requested once, and locked once, however many callers want it',
    ],
    ['New tokens are in the store before', 'tokens/connections', 'is not returned before the store has it'],
    ['keeps the old one', 'tokens/connections', 'comes with the old refresh token if Criteo'],
    ['for an hour at most', 'tokens/token-request-limits', 'by a server that asks for a day'],
    [
      'At most `concurrency` refreshes',
      'tokens/token-request-limits',
      'are at most as many at once as the option concurrency says',
    ],
    ['The token goes nowhere else', 'tokens/fetch', 'sends no token to'],
    ['no redirect is followed', 'tokens/fetch', 'does not follow a redirect, and returns it'],
    ['three times at most', 'tokens/fetch', 'repeats the call three times at most'],
    ['sent once and never repeated', 'tokens/fetch', 'and never a second time'],
    [
      'no write ever overwrites a newer one',
      'tokens/refresh',
      'fails because of its version if the store has compareAndSet',
    ],
    ['and nothing is lost', 'servers/tokens-processes', 'are not lost if a process is killed during a refresh'],
    ['copied to another key does not decrypt', 'tokens/stores', 'moved to another connection'],
  ],
};

/** Sentences with the same words that promise nothing: advice, and what is known of others. By page. */
export const others: Record<string, string[]> = {
  README: ['always', 'its strategy always sends it'],
  benchmarks: ['of which there are ten at most'],
  connect: ['as they always do', 'never covered this'],
  design: ['re-exports, nothing else'],
  errors: ['may never get a response', 'nearly always'],
  'getting-started': ['never reaches your app'],
  migrating: ['let nothing else refresh them'],
  sandbox: ['Never for secrets that matter', '"always"'],
  scale: ['Nothing else is shared', 'at most 1.3 times the bare'],
  'sign-in': ['Never give a user'],
  'testing-your-app': ['it then never asks Criteo'],
  tokens: ['never covered what was asked'],
  troubleshooting: ['cookie is never set', 'never covered what you asked for'],
};
