import { expect } from 'chai';
import { boom, misbehaviours, timeout } from './support/misbehaviours';
import { authenticate, expectOneOutcomeEach } from './support/passport';
import { type Answer, app, errorOf, failureOf, type Stubbed, stubbed, successOf, Visitor } from './support/strategy';

/** Makes a strategy with one replaced hook. */
function withHook(name: string, hook: (...args: unknown[]) => unknown, options: object = {}): Stubbed {
  return Object.defineProperty(stubbed({ timeout, ...options }), name, { value: hook });
}

describe('CriteoStrategy, with the hook', () => {
  expectOneOutcomeEach();
  let visitor: Visitor;
  beforeEach(() => {
    visitor = new Visitor();
  });

  describe('authorizationParams', () => {
    it('adds its parameters, except those of the protocol, and passes the options of the call', async () => {
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

    it('overrides the query of the authorization URL', async () => {
      const options = { authorizationURL: 'https://consent.example/request?locale=fr' };
      const url = await visitor.begin(withHook('authorizationParams', () => ({ locale: 'de' }), options));
      expect(url.searchParams.getAll('locale')).to.deep.equal(['de']);
    });

    for (const params of [undefined, null, {}, 'text', 7]) {
      it(`accepts ${JSON.stringify(params)} as its result`, async () => {
        await visitor.begin(withHook('authorizationParams', () => params));
      });
    }

    it('replaces lone surrogates in its result', async () => {
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
      [
        'throws a text',
        () => {
          throw 'boom';
        },
        /^The login failed: boom$/,
      ],
      ['returns a value that is not text', () => ({ filter: { a: 1 } }), /The extra parameter filter must be a string/],
      ['returns a promise', async () => ({}), /authorizationParams must answer at once/],
      ['returns a promise that rejects', () => Promise.reject(boom), /authorizationParams must answer at once/],
    ];
    for (const [name, hook, message] of wrong) {
      it(`that ${name} ends with an error, and adds nothing to the session`, async () => {
        const strategy = withHook('authorizationParams', hook);
        expect(errorOf(await authenticate(strategy, visitor.request({ query: {} }))).message).to.match(message);
        expect(visitor.session).to.deep.equal({});
      });
    }
  });

  describe('tokenParams', () => {
    it('adds its parameters, except those of the protocol, and passes the options of the call', async () => {
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

    for (const [name, hook, message] of [
      [
        'throws',
        () => {
          throw boom;
        },
        /^boom$/,
      ],
      ['returns a promise that rejects', () => Promise.reject(boom), /^tokenParams must answer at once/],
      ['returns a value that is not text', () => ({ x: Symbol('x') }), /^The extra parameter x must be a string/],
    ] as [string, () => unknown, RegExp][]) {
      it(`that ${name} ends with an error before the code exchange`, async () => {
        const strategy = withHook('tokenParams', hook);
        expect(errorOf(await visitor.login(strategy)).message).to.match(message);
        expect(strategy.asked).to.have.length(0);
      });
    }
  });

  describe('bindTo', () => {
    for (const [name, bindTo, message] of [
      [
        'throws',
        () => {
          throw boom;
        },
        /^boom$/,
      ],
      ['returns a promise', async () => 'me', /^The option bindTo must answer at once/],
      ['returns a promise that rejects', () => Promise.reject(boom), /^The option bindTo must answer at once/],
      ['returns an object', () => ({ id: 1 }), /^CriteoStrategy: the option bindTo must return a text/],
    ] as [string, () => unknown, RegExp][]) {
      it(`that ${name} ends with an error at the start and at the callback`, async () => {
        const state = await visitor.handle(stubbed());
        const strategy = stubbed({ bindTo });
        for (const query of [{}, { code: 'c', state }]) {
          const found = errorOf(await authenticate(strategy, visitor.request({ query })));
          expect(found.message).to.match(message);
        }
        expect(visitor.pending()).to.deep.equal([state]);
        expect(strategy.asked).to.have.length(0);
      });
    }
  });

  describe('store (a state store)', () => {
    const storeOf = (parts: object) => ({
      store: (_req: unknown, done: Answer) => done(null, 'handle'),
      verify: (_req: unknown, _handle: unknown, done: Answer) => done(null, true),
      ...parts,
    });

    for (const [name, act, check] of misbehaviours) {
      it(`whose store ${name} ends with an error`, async () => {
        const store = storeOf({ store: (_req: unknown, done: Answer) => act(done) });
        check(
          errorOf(await authenticate(stubbed({ store, timeout }), visitor.request({ query: {} }))),
          'The state store',
        );
      });

      it(`whose verify ${name} ends with an error before the code exchange`, async () => {
        const store = storeOf({ verify: (_req: unknown, _handle: unknown, done: Answer) => act(done) });
        const strategy = stubbed({ store, timeout });
        check(errorOf(await visitor.finish(strategy, { code: 'c', state: 's' })), 'The state store');
        expect(strategy.asked).to.have.length(0);
      });
    }

    for (const handle of [undefined, null, '', 7, {}, true]) {
      it(`that calls back with the state ${JSON.stringify(handle)} ends with an error`, async () => {
        const store = storeOf({ store: (_req: unknown, done: Answer) => setImmediate(done, null, handle) });
        const error = errorOf(await authenticate(stubbed({ store }), visitor.request({ query: {} })));
        expect(error.message).to.match(/must call back with a string/);
      });
    }

    it('that calls back with a state that has lone surrogates ends with an error', async () => {
      const store = storeOf({ store: (_req: unknown, done: Answer) => setImmediate(done, null, '\ud800') });
      expect(errorOf(await authenticate(stubbed({ store }), visitor.request({ query: {} })))).to.be.instanceOf(
        URIError,
      );
    });

    it('is told whether the login is for signing in or for linking an account', async () => {
      const told: unknown[] = [];
      const store = storeOf({
        store: (_req: unknown, meta: { purpose: unknown }, done: Answer) => [
          told.push(meta.purpose),
          done(null, 'handle'),
        ],
      });
      const strategy = stubbed({ store });
      await visitor.begin(strategy);
      await visitor.begin(strategy, { assignProperty: 'account' });
      expect(told).to.deep.equal(['authenticate', 'authorize']);
    });

    it('that calls back twice counts once, at the start and at the callback', async () => {
      const store = storeOf({
        store: (_req: unknown, done: Answer) => [done(null, 'one'), done(null, 'two'), done(boom)],
        verify: (_req: unknown, _handle: unknown, done: Answer) => [done(null, true), done(null, false), done(boom)],
      });
      const strategy = stubbed({ store });
      expect((await visitor.begin(strategy)).searchParams.get('state')).to.equal('one');
      successOf(await visitor.finish(strategy, { code: 'c', state: 'one' }));
    });

    it('that uses one state for all logins of a session finishes each of them, and sends no code twice', async () => {
      const strategy = stubbed({ store: storeOf({}) });
      const finish = (code: string) => visitor.finish(strategy, { code, state: 'handle' });
      successOf(await finish('first'));
      successOf(await finish('second'));
      expect(failureOf(await finish('first'))).to.include({ code: 'state_unknown', status: 403 });
      expect(strategy.asked.map(({ code }) => code)).to.deep.equal(['first', 'second']);
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
      it(`that finds no login and calls back with the info ${JSON.stringify(info)} fails with 403`, async () => {
        const store = storeOf({ verify: (_req: unknown, _handle: unknown, done: Answer) => done(null, false, info) });
        const failed = failureOf(await visitor.finish(stubbed({ store }), { code: 'c', state: 's' }));
        expect(failed).to.deep.equal({ ...expected, status: 403 });
      });
    }

    for (const pending of [undefined, null, 7, [], 'x', { callbackURL: 7 }, { mine: true }]) {
      it(`that calls back with ${JSON.stringify(pending)} as the pending login uses the callback URL of the options`, async () => {
        const store = storeOf({
          verify: (_req: unknown, _handle: unknown, done: Answer) => done(null, true, undefined, pending),
        });
        const strategy = stubbed({ store });
        successOf(await visitor.finish(strategy, { code: 'c', state: 's' }));
        expect(strategy.asked[0]?.form['redirect_uri']).to.equal(app.callbackURL);
      });
    }
  });
});
