import { expect } from 'chai';
import { CriteoAPIError, CriteoTokenError, CriteoTransportError, HookTimeoutError } from '../../lib/errors';
import { createSandbox, type Sandbox } from '../../lib/sandbox';
import { authenticate, expectOneOutcomeEach } from '../support/passport';
import { type Answer, app, errorOf, failureOf, Stubbed, stubbed, successOf, tokens, user, Visitor } from './support';

const timeout = 60;
const boom = new Error('boom');

/** What a callback-style hook can do wrong, and what has to come of it. */
const misbehaviours: [string, (answer: Answer) => unknown, (error: Error) => void][] = [
  [
    'throws',
    () => {
      throw boom;
    },
    isBoom,
  ],
  [
    'throws nothing',
    () => {
      throw undefined;
    },
    hasText('undefined'),
  ],
  [
    'throws a string',
    () => {
      throw 'route';
    },
    hasText('route'),
  ],
  ['rejects', () => Promise.reject(boom), isBoom],
  ['rejects with nothing', () => Promise.reject(undefined), hasText('undefined')],
  ['rejects with null', () => Promise.reject(null), hasText('null')],
  ['rejects later', () => new Promise((_, reject) => setTimeout(reject, 5, boom)), isBoom],
  ['calls back with an error', (answer) => answer(boom), isBoom],
  ['calls back with a string for an error', (answer) => answer('route'), hasText('route')],
  ['calls back with an error later', (answer) => setTimeout(answer, 5, boom), isBoom],
  [
    'calls back with an error and then throws',
    (answer) => {
      answer(boom);
      throw new Error('late');
    },
    isBoom,
  ],
  [
    'calls back with an error and then rejects',
    async (answer) => {
      answer(boom);
      throw new Error('late');
    },
    isBoom,
  ],
  [
    'calls back with two errors',
    (answer) => {
      answer(boom);
      answer(new Error('second'));
    },
    isBoom,
  ],
  ['never answers', () => {}, isTimeout],
  ['returns a promise that never settles', () => new Promise(() => {}), isTimeout],
];

/** All but the last, for hooks that are given half a second more than `timeout`. */
const quick = misbehaviours.slice(0, -1);

function isBoom(error: Error): void {
  expect(error).to.equal(boom);
}

function hasText(text: string): (error: Error) => void {
  return (error) => {
    expect(error).to.be.instanceOf(Error);
    expect(error.message).to.match(new RegExp(`failed: ${text}$`));
  };
}

function isTimeout(error: Error): void {
  expect(error).to.be.instanceOf(HookTimeoutError);
  expect(error).to.include({ code: 'hook_timeout', status: 503 });
}

/** A strategy whose one hook is replaced. */
function withHook(name: string, hook: (...args: unknown[]) => unknown, options: object = {}): Stubbed {
  return Object.defineProperty(stubbed({ timeout, ...options }), name, { value: hook });
}

describe('CriteoStrategy, its hooks', () => {
  expectOneOutcomeEach();
  let visitor: Visitor;
  beforeEach(() => {
    visitor = new Visitor();
  });

  describe('authorizationParams', () => {
    it('adds parameters, gets the options of the call, and overrides none of the protocol', async () => {
      const strategy = withHook('authorizationParams', (options) => ({
        locale: 'fr&x=1',
        level: 3,
        again: true,
        none: undefined,
        nil: null,
        seen: Object(options).prompt,
        response_type: 'token',
        client_id: 'evil',
        redirect_uri: 'https://evil.example',
        state: 'fixed',
        code_challenge: 'x',
        code_challenge_method: 'plain',
      }));
      const url = await visitor.begin(strategy, { prompt: 'me' });
      const { state, ...others } = Object.fromEntries(url.searchParams);
      expect(state).to.match(/^[\w-]{32}$/);
      expect(others).to.deep.equal({
        response_type: 'code',
        client_id: app.clientID,
        redirect_uri: app.callbackURL,
        locale: 'fr&x=1',
        level: '3',
        again: 'true',
        seen: 'me',
      });
    });

    it('overrides what the authorization URL has in its query', async () => {
      const options = { authorizationURL: 'https://consent.example/request?locale=fr' };
      const url = await visitor.begin(withHook('authorizationParams', () => ({ locale: 'de' }), options));
      expect(url.searchParams.getAll('locale')).to.deep.equal(['de']);
    });

    for (const params of [undefined, null, {}, 'text', 7]) {
      it(`may return ${JSON.stringify(params)}`, async () => {
        await visitor.begin(withHook('authorizationParams', () => params));
      });
    }

    it('that has lone surrogates does no harm', async () => {
      const url = await visitor.begin(withHook('authorizationParams', () => ({ x: '\ud800' })));
      expect(url.searchParams.get('x')).to.equal('\ufffd');
    });

    const wrong: [string, () => unknown, RegExp][] = [
      [
        'throws',
        () => {
          throw boom;
        },
        /boom/,
      ],
      ['returns a value that is no text', () => ({ filter: { a: 1 } }), /The extra parameter filter must be a string/],
      ['returns a promise', async () => ({}), /authorizationParams must answer at once/],
      ['returns a promise that rejects', () => Promise.reject(boom), /authorizationParams must answer at once/],
    ];
    for (const [name, hook, message] of wrong) {
      it(`that ${name} ends with an error, and nothing is kept`, async () => {
        const strategy = withHook('authorizationParams', hook);
        expect(errorOf(await authenticate(strategy, visitor.request({ query: {} }))).message).to.match(message);
        expect(visitor.session).to.deep.equal({});
      });
    }
  });

  describe('tokenParams', () => {
    it('adds parameters, gets the options of the call, and overrides none of the protocol', async () => {
      const strategy = withHook('tokenParams', (options) => ({
        audience: 'x',
        seen: Object(options).prompt,
        grant_type: 'client_credentials',
        code: 'evil',
        redirect_uri: 'https://evil.example',
        code_verifier: 'evil',
        client_id: 'evil',
        client_secret: 'evil',
        refresh_token: 'evil',
      }));
      await visitor.finish(strategy, { code: 'c', state: await visitor.handle(strategy) }, { prompt: 'me' });
      expect(strategy.asked[0]?.form).to.deep.equal({
        grant_type: 'authorization_code',
        redirect_uri: app.callbackURL,
        audience: 'x',
        seen: 'me',
      });
    });

    for (const [name, hook] of [
      [
        'throws',
        () => {
          throw boom;
        },
      ],
      ['returns a promise that rejects', () => Promise.reject(boom)],
      ['returns a value that is no text', () => ({ x: Symbol('x') })],
    ] as [string, () => unknown][]) {
      it(`that ${name} ends with an error before the code is spent`, async () => {
        const strategy = withHook('tokenParams', hook);
        expect(errorOf(await visitor.login(strategy)).message).to.match(/boom|must answer at once|must be a string/);
        expect(strategy.asked).to.have.length(0);
      });
    }
  });

  describe('bindTo', () => {
    for (const [name, bindTo] of [
      [
        'throws',
        () => {
          throw boom;
        },
      ],
      ['returns a promise', async () => 'me'],
      ['returns a promise that rejects', () => Promise.reject(boom)],
      ['returns an object', () => ({ id: 1 })],
    ] as [string, () => unknown][]) {
      it(`that ${name} ends with an error, on either half`, async () => {
        const state = await visitor.handle(stubbed());
        const strategy = stubbed({ bindTo });
        for (const query of [{}, { code: 'c', state }]) {
          const found = errorOf(await authenticate(strategy, visitor.request({ query })));
          expect(found.message).to.match(/boom|bindTo must/);
        }
        expect(visitor.pending()).to.deep.equal([state]);
        expect(strategy.asked).to.have.length(0);
      });
    }
  });

  describe('the token exchange', () => {
    for (const [name, token] of quick) {
      it(`that ${name} ends with an error`, async function () {
        this.timeout(3_000);
        const strategy = stubbed({ timeout });
        strategy.token = token;
        const error = errorOf(await visitor.login(strategy));
        if (name === 'never answers') isTimeout(error);
        else expect(error).to.be.instanceOf(CriteoTransportError);
        expect(strategy.asked).to.have.length(1);
        expect(strategy.profiled).to.have.length(0);
      });
    }

    const garbage: [string, unknown[]][] = [
      ['nothing', []],
      ['no access token', [null, undefined, 'r', {}]],
      ['an empty access token', [null, '', 'r', {}]],
      ['an access token that breaks a header', [null, 'a\r\nX: y', 'r', {}]],
      ['an access token that is an object', [null, { token: 'a' }, 'r', {}]],
      ['a refresh token that is an object', [null, 'a', {}, {}]],
    ];
    for (const [name, answer] of garbage) {
      it(`that answers ${name} ends with an error`, async () => {
        const strategy = stubbed();
        strategy.token = (done) => done(...answer);
        expect(errorOf(await visitor.login(strategy))).to.include({ code: 'invalid_response', status: 502 });
        expect(strategy.profiled).to.have.length(0);
      });
    }

    it('takes the first of two answers', async () => {
      const strategy = stubbed({
        verify: ({ tokens }: { tokens: { accessToken: string } }) => ({ id: tokens.accessToken }),
      });
      strategy.token = (done) => {
        done(null, 'first', null, null);
        done(null, 'second', null, null);
        done(boom);
      };
      expect(successOf(await visitor.login(strategy)).user).to.deep.equal({ id: 'first' });
    });

    it('refused in node-oauth’s way becomes a CriteoTokenError', async () => {
      const strategy = withoutOverride();
      strategy.token = (done) =>
        done({ statusCode: 400, data: '{"error":"invalid_grant","error_description":"dead code-1"}' });
      const error = errorOf(await visitor.login(strategy));
      expect(error).to.be.instanceOf(CriteoTokenError);
      expect(error).to.include({ code: 'invalid_grant', reauthorize: true, status: 401 });
      expect(error.message).to.include('dead [redacted]');
    });

    for (const data of ['no JSON', undefined, '{}']) {
      it(`refused in node-oauth’s way with the body ${data} becomes a CriteoTransportError`, async () => {
        const strategy = stubbed();
        strategy.token = (done) => done({ statusCode: 500, data });
        expect(errorOf(await visitor.login(strategy))).to.be.instanceOf(CriteoTransportError);
      });
    }
  });

  describe('parseErrorResponse', () => {
    let sandbox: Sandbox;
    before(async () => {
      sandbox = await createSandbox();
    });
    after(() => sandbox.close());
    const real = (options: object = {}): Stubbed =>
      Reflect.construct(Real, [
        { ...sandbox.app, ...sandbox.endpoints, callbackURL: app.callbackURL, verify: () => user, ...options },
      ]);
    const refused = async (strategy: object): Promise<Error & Record<string, unknown>> => {
      const state = await visitor.handle(strategy);
      return errorOf(await visitor.finish(strategy, { code: 'never-issued', state }));
    };

    it('makes the error of a refused exchange', async () => {
      const parsed = Object.assign(new Error('parsed'), { status: 418 });
      let seen: unknown[] = [];
      const strategy = Object.defineProperty(real(), 'parseErrorResponse', {
        value: (...args: unknown[]) => {
          seen = args;
          return parsed;
        },
      });
      expect(await refused(strategy)).to.equal(parsed);
      expect(JSON.parse(String(seen[0]))).to.include({ error: 'invalid_grant' });
      expect(seen[1]).to.equal(400);
    });

    for (const [name, hook] of [
      ['returns null', () => null],
      ['returns text', () => 'route'],
      [
        'throws',
        () => {
          throw boom;
        },
      ],
      ['returns a promise', async () => boom],
      ['returns a promise that rejects', () => Promise.reject(boom)],
    ] as [string, () => unknown][]) {
      it(`that ${name} leaves the error that was`, async () => {
        const strategy = Object.defineProperty(real(), 'parseErrorResponse', { value: hook });
        expect(await refused(strategy)).to.be.instanceOf(CriteoTokenError);
      });
    }

    it('as it is reads RFC 6749, and nothing where there is nothing to read', () => {
      const parse = (body: unknown) => real().parseErrorResponse(body, 400);
      expect(parse('{"error":"invalid_client"}'))
        .to.be.instanceOf(CriteoTokenError)
        .and.include({ code: 'invalid_client' });
      for (const body of ['', 'null', '<html>', '{}', undefined, {}]) expect(parse(body)).to.equal(null);
    });

    it('as it is hides the client secret that a body echoes', () => {
      const body = JSON.stringify({ error: 'invalid_client', error_description: `bad ${sandbox.app.clientSecret}` });
      expect(String(real().parseErrorResponse(body, 401)?.message)).to.include('bad [redacted]');
    });
  });

  describe('the state store', () => {
    const storeOf = (parts: object) => ({
      store: (_req: unknown, done: Answer) => done(null, 'handle'),
      verify: (_req: unknown, _handle: unknown, done: Answer) => done(null, true),
      ...parts,
    });

    for (const [name, act, check] of misbehaviours) {
      it(`whose store ${name} ends with an error`, async () => {
        const store = storeOf({ store: (_req: unknown, done: Answer) => act(done) });
        check(errorOf(await authenticate(stubbed({ store, timeout }), visitor.request({ query: {} }))));
      });

      it(`whose verify ${name} ends with an error and exchanges nothing`, async () => {
        const store = storeOf({ verify: (_req: unknown, _handle: unknown, done: Answer) => act(done) });
        const strategy = stubbed({ store, timeout });
        check(errorOf(await visitor.finish(strategy, { code: 'c', state: 's' })));
        expect(strategy.asked).to.have.length(0);
      });
    }

    for (const handle of [undefined, null, '', 7, {}, true]) {
      it(`that gives ${JSON.stringify(handle)} for a handle ends with an error`, async () => {
        const store = storeOf({ store: (_req: unknown, done: Answer) => setImmediate(done, null, handle) });
        const error = errorOf(await authenticate(stubbed({ store }), visitor.request({ query: {} })));
        expect(error.message).to.match(/must call back with a string/);
      });
    }

    it('that gives a handle with lone surrogates, later, ends with an error', async () => {
      const store = storeOf({ store: (_req: unknown, done: Answer) => setImmediate(done, null, '\ud800') });
      expect(errorOf(await authenticate(stubbed({ store }), visitor.request({ query: {} })))).to.be.instanceOf(
        URIError,
      );
    });

    it('that calls back twice is heard once, on either half', async () => {
      const store = storeOf({
        store: (_req: unknown, done: Answer) => [done(null, 'one'), done(null, 'two'), done(boom)],
        verify: (_req: unknown, _handle: unknown, done: Answer) => [done(null, true), done(null, false), done(boom)],
      });
      const strategy = stubbed({ store });
      expect((await visitor.begin(strategy)).searchParams.get('state')).to.equal('one');
      successOf(await visitor.finish(strategy, { code: 'c', state: 'one' }));
    });

    const infos: [unknown, object][] = [
      [undefined, { code: 'state_unknown', message: 'The state store knows no such pending login. Start again.' }],
      [null, { code: 'state_unknown', message: 'The state store knows no such pending login. Start again.' }],
      ['gone', { code: 'state_unknown', message: 'gone' }],
      [{ message: 'gone' }, { code: 'state_unknown', message: 'gone' }],
      [
        { code: 'mine', message: 'gone', extra: 1 },
        { code: 'mine', message: 'gone', extra: 1 },
      ],
    ];
    for (const [info, expected] of infos) {
      it(`that knows no login and says ${JSON.stringify(info)} fails the callback with 403`, async () => {
        const store = storeOf({ verify: (_req: unknown, _handle: unknown, done: Answer) => done(null, false, info) });
        const failed = failureOf(await visitor.finish(stubbed({ store }), { code: 'c', state: 's' }));
        expect(failed).to.deep.equal({ ...expected, status: 403 });
      });
    }

    for (const pending of [undefined, null, 7, [], 'x', { callbackURL: 7 }, { mine: true }]) {
      it(`that gives ${JSON.stringify(pending)} for the pending login gets the callback URL of the options`, async () => {
        const store = storeOf({
          verify: (_req: unknown, _handle: unknown, done: Answer) => done(null, true, undefined, pending),
        });
        const strategy = stubbed({ store });
        successOf(await visitor.finish(strategy, { code: 'c', state: 's' }));
        expect(strategy.asked[0]?.form['redirect_uri']).to.equal(app.callbackURL);
      });
    }
  });

  describe('skipUserProfile', () => {
    const skips: [string, unknown, boolean][] = [
      ['true', true, true],
      ['false', false, false],
      ['a function that returns true', () => true, true],
      ['a function that returns false', () => false, false],
      ['a function that promises true', async () => true, true],
      ['a function that calls back with true', (_token: unknown, done: Answer) => done(null, true), true],
      [
        'a function that calls back with false later',
        (_token: unknown, done: Answer) => setTimeout(done, 1, null, false),
        false,
      ],
      ['an async function that calls back with true', async (_token: unknown, done: Answer) => done(null, true), true],
    ];
    for (const [name, skipUserProfile, skipped] of skips) {
      it(`as ${name} ${skipped ? 'skips' : 'loads'} the profile`, async () => {
        const strategy = stubbed({ skipUserProfile });
        successOf(await visitor.login(strategy));
        expect(strategy.profiled).to.have.length(skipped ? 0 : 1);
      });
    }

    it('is called on the strategy, with the access token', async () => {
      let seen: unknown[] = [];
      const strategy = stubbed({
        skipUserProfile(this: Stubbed, token: unknown, done: Answer) {
          seen = [this.name, token];
          done(null, true);
        },
      });
      successOf(await visitor.login(strategy));
      expect(seen).to.deep.equal(['criteo', tokens.access]);
      successOf(
        await visitor.login(
          stubbed({
            skipUserProfile(this: Stubbed) {
              return this.name === 'criteo';
            },
          }),
        ),
      );
    });

    for (const [name, act, check] of misbehaviours) {
      it(`that ${name} ends with an error`, async () => {
        const strategy = stubbed({ timeout, skipUserProfile: (_token: unknown, done: Answer) => act(done) });
        check(errorOf(await visitor.login(strategy)));
        expect(strategy.profiled).to.have.length(0);
      });
    }
  });

  describe('userProfile', () => {
    for (const [name, act, check] of quick) {
      it(`that ${name} ends with an error`, async function () {
        this.timeout(3_000);
        const strategy = stubbed({ timeout });
        strategy.profile = act;
        check(errorOf(await visitor.login(strategy)));
      });

      it(`that ${name} loses no tokens with requireUserProfile: false`, async function () {
        this.timeout(3_000);
        const seen: { profile: unknown; profileError: unknown }[] = [];
        const verify = (login: { profile: unknown; profileError: unknown }) => {
          seen.push(login);
          return user;
        };
        const strategy = stubbed({ timeout, requireUserProfile: false, verify });
        strategy.profile = act;
        successOf(await visitor.login(strategy));
        expect(seen).to.have.length(1);
        expect(seen[0]?.profile).to.equal(undefined);
        check(seen[0]?.profileError as Error);
      });
    }

    it('that answers twice is heard once', async () => {
      const seen: unknown[] = [];
      const strategy = stubbed({ verify: ({ profile }: { profile: unknown }) => seen.push(profile) && user });
      strategy.profile = (done) => [done(null, { id: '1' }), done(null, { id: '2' }), done(boom)];
      successOf(await visitor.login(strategy));
      expect(seen).to.deep.equal([{ id: '1' }]);
    });

    for (const profile of [undefined, null, 7, 'me', []]) {
      it(`may hand over ${JSON.stringify(profile)}: what a profile is, is up to it`, async () => {
        let seen: unknown = boom;
        const strategy = stubbed({
          verify: (login: { profile: unknown }) => {
            seen = login.profile;
            return user;
          },
        });
        strategy.profile = (done) => done(null, profile);
        successOf(await visitor.login(strategy));
        expect(seen).to.equal(profile);
      });
    }

    const none = new CriteoAPIError('nothing shared', { code: 'no_advertisers', status: 403 });

    it('that finds nothing shared fails the login with no_advertisers', async () => {
      const strategy = stubbed();
      strategy.profile = (done) => done(none);
      const failed = failureOf(await visitor.login(strategy, { state: 's' }));
      expect(failed).to.deep.equal({ code: 'no_advertisers', message: 'nothing shared', state: 's', status: 403 });
    });

    it('that finds nothing shared lets the login through with requireUserProfile: false', async () => {
      const strategy = stubbed({ requireUserProfile: false });
      strategy.profile = (done) => done(none);
      successOf(await visitor.login(strategy));
    });

    it('that Criteo refuses for another reason ends with that error', async () => {
      const revoked = new CriteoAPIError('revoked', { code: 'forbidden', status: 403 });
      const strategy = stubbed();
      strategy.profile = (done) => done(revoked);
      expect(errorOf(await visitor.login(strategy))).to.equal(revoked);
    });
  });
});

/** A strategy whose only stub is the token endpoint, where it is stubbed at all. */
class Real extends Stubbed {
  override userProfile(accessToken: string, done: Parameters<Stubbed['userProfile']>[1]): void {
    Object.getPrototypeOf(Stubbed.prototype).userProfile.call(this, accessToken, done);
  }
}

function withoutOverride(): Stubbed {
  return (Reflect.construct(Real, [{ ...app, verify: () => user }]) as Real).stub();
}
