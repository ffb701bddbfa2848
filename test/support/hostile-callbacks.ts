import { type Stubbed, stubbed, Visitor } from './strategy';

const huge = 'x'.repeat(65_536);

/** The objects from which a hostile callback is made, with the state of a pending login. */
interface Scene {
  visitor: Visitor;
  strategy: Stubbed;
  handle: string;
}

/** A callback and its expected outcome. */
interface Row {
  name: string;
  /** Makes the parts of the request other than the session. */
  request: (scene: Scene) => object | Promise<object>;
  /** `info.code` of the failure, or `error` or `success`. */
  expected: string;
  status?: number | undefined;
  /** The number of token requests. @default 0 */
  exchanges?: number;
  /** If true, the callback removes the login that it names. @default false */
  taken?: boolean;
}

const query = (make: (handle: string) => object) => (scene: Scene) => ({ query: make(scene.handle) });
const row = (name: string, request: Row['request'], expected: string, others: Partial<Row> = {}): Row => ({
  name,
  request,
  expected,
  ...others,
});
const malformed = { expected: 'invalid_callback', status: 400 };
const taken = { taken: true };

export const rows: Row[] = [
  // Missing and empty.
  row(
    'a code without a state',
    query(() => ({ code: 'c' })),
    'state_missing',
    { status: 403 },
  ),
  row(
    'an empty code',
    query(() => ({ code: '' })),
    'state_missing',
    { status: 403 },
  ),
  row(
    'an empty state',
    query(() => ({ code: 'c', state: '' })),
    'state_missing',
    { status: 403 },
  ),
  row(
    'an error without state',
    query(() => ({ error: 'access_denied' })),
    'state_missing',
    { status: 403 },
  ),
  row(
    'a state alone',
    query((state) => ({ state })),
    'invalid_callback',
    { status: 400, ...taken },
  ),
  row(
    'a state with an empty code',
    query((state) => ({ state, code: '' })),
    'invalid_callback',
    { status: 400, ...taken },
  ),
  row(
    'an unknown state alone',
    query(() => ({ state: 'x' })),
    'state_unknown',
    { status: 403 },
  ),

  // Of the wrong type.
  ...(['code', 'state', 'error', 'error_description', 'error_uri', 'iss'] as const).flatMap((name) =>
    (
      [
        ['repeated', ['a', 'b']],
        ['a list of one', ['a']],
        ['an empty list', []],
        ['an object', { a: 'b' }],
        ['a number', 7],
        ['null', null],
        ['true', true],
        ['of 64 KB', huge],
      ] as [string, unknown][]
    ).map(([what, value]) =>
      row(
        `${name} ${what}`,
        query((state) => ({ code: 'c', state, [name]: value })),
        malformed.expected,
        malformed,
      ),
    ),
  ),
  row(
    'the right state, twice',
    query((state) => ({ code: 'c', state: [state, state] })),
    malformed.expected,
    malformed,
  ),
  row(
    'the right state and another in the URL',
    ({ handle }) => ({ query: undefined, url: `/cb?code=c&state=${handle}&state=x` }),
    malformed.expected,
    malformed,
  ),

  // Control characters.
  row(
    'a control character in the code',
    query((state) => ({ code: 'a\u0000', state })),
    malformed.expected,
    malformed,
  ),
  row(
    'a line end after the state',
    query((state) => ({ code: 'c', state: `${state}\r\n` })),
    malformed.expected,
    malformed,
  ),
  row(
    'a control character in the error',
    query((state) => ({ error: 'a\u001b[2J', state })),
    malformed.expected,
    malformed,
  ),
  row(
    'control characters in the description',
    query((state) => ({ error: 'access_denied', error_description: '\u0000\u001b[2J not today', state })),
    'access_denied',
    taken,
  ),

  // Names that every object has, and near misses of the state.
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '../../etc/passwd', "' or 1=1 --", '\ud800', '💥'].map(
    (state) =>
      row(
        `the state ${JSON.stringify(state)}`,
        query(() => ({ code: 'c', state })),
        'state_unknown',
        { status: 403 },
      ),
  ),
  row(
    'the state in upper case',
    query((state) => ({ code: 'c', state: `${state.slice(0, -1)}${state.endsWith('A') ? 'B' : 'A'}` })),
    'state_unknown',
    { status: 403 },
  ),
  row(
    'the state with a blank',
    query((state) => ({ code: 'c', state: `${state} ` })),
    'state_unknown',
    { status: 403 },
  ),
  row(
    'half of the state',
    query((state) => ({ code: 'c', state: state.slice(0, 16) })),
    'state_unknown',
    { status: 403 },
  ),
  row(
    '__proto__ in a JSON body',
    ({ handle }) => ({ method: 'POST', query: {}, body: JSON.parse(`{"__proto__":{"state":"${handle}"},"code":"c"}`) }),
    'state_missing',
    { status: 403 },
  ),
  row(
    '__proto__ in the URL',
    ({ handle }) => ({ query: undefined, url: `/cb?__proto__=x&__proto__[state]=${handle}&code=c` }),
    'state_missing',
    { status: 403 },
  ),

  // Codes and errors at once, and made-up errors.
  row(
    'both a code and an error',
    query((state) => ({ code: 'c', error: 'access_denied', state })),
    'access_denied',
    taken,
  ),
  row(
    'both a code and an empty error',
    query((state) => ({ code: 'c', error: '', state })),
    'success',
    { exchanges: 1, ...taken },
  ),
  row(
    'a made-up error',
    query((state) => ({ error: '<img src=x>', state })),
    'access_denied',
    taken,
  ),
  row(
    'an error in upper case',
    query((state) => ({ error: 'ACCESS_DENIED', state })),
    'access_denied',
    taken,
  ),
  row(
    'another issuer',
    query((state) => ({ code: 'c', state, iss: 'https://evil.example' })),
    'issuer_mismatch',
    { status: 403 },
  ),

  // Other ways to ask.
  row('a POST body', ({ handle }) => ({ method: 'POST', query: {}, body: { code: 'c', state: handle } }), 'success', {
    exchanges: 1,
    ...taken,
  }),
  row(
    'a POST body with an unknown state',
    () => ({ method: 'POST', query: {}, body: { code: 'c', state: 'x' } }),
    'state_unknown',
    { status: 403 },
  ),
  row(
    'the code in the body, the state in the query',
    ({ handle }) => ({ method: 'POST', query: { state: handle }, body: { code: 'c' } }),
    'invalid_callback',
    { status: 400, ...taken },
  ),
  row(
    'the state in the body, the code in the query',
    ({ handle }) => ({ method: 'POST', query: { code: 'c' }, body: { state: handle } }),
    'state_missing',
    { status: 403 },
  ),
  row(
    'a JSON body of a list',
    ({ handle }) => ({ method: 'POST', query: { code: 'c' }, body: [handle] }),
    'state_missing',
    { status: 403 },
  ),
  row('a HEAD request', ({ handle }) => ({ method: 'HEAD', query: { code: 'c', state: handle } }), 'invalid_callback', {
    status: 503,
  }),
  ...['sec-purpose', 'purpose', 'x-moz', 'x-purpose'].map((header) =>
    row(
      `a prefetch by ${header}`,
      ({ handle }) => ({ headers: { [header]: 'prefetch' }, query: { code: 'c', state: handle } }),
      'invalid_callback',
      { status: 503 },
    ),
  ),

  // Other people's, and old ones.
  row(
    'a login of another session',
    async ({ strategy }) => ({ query: { code: 'c', state: await new Visitor().handle(strategy) } }),
    'state_unknown',
    { status: 403 },
  ),
  row(
    'a login of another strategy in the same session',
    async ({ visitor }) => {
      const state = await visitor.handle(stubbed({ name: 'other' }));
      return { query: { code: 'c', state } };
    },
    'state_unknown',
    { status: 403 },
  ),
  row(
    'a replay',
    async ({ visitor, strategy }) => {
      const state = await visitor.handle(strategy);
      await visitor.finish(strategy, { code: 'c', state });
      return { query: { code: 'c', state } };
    },
    'state_unknown',
    { status: 403, exchanges: 1 },
  ),
  row(
    'a replay with another code',
    async ({ visitor, strategy }) => {
      const state = await visitor.handle(strategy);
      await visitor.finish(strategy, { code: 'c', state });
      return { query: { code: 'd', state } };
    },
    'state_unknown',
    { status: 403, exchanges: 1 },
  ),
  row(
    'an expired login',
    async ({ visitor, handle }) => {
      Object(visitor.session['criteo'])[handle].at -= 3_600_000;
      return { query: { code: 'c', state: handle } };
    },
    'state_expired',
    { status: 403, ...taken },
  ),
  row(
    'a login from the future',
    async ({ visitor, handle }) => {
      Object(visitor.session['criteo'])[handle].at += 3_600_000;
      return { query: { code: 'c', state: handle } };
    },
    'state_expired',
    { status: 403, ...taken },
  ),
];
