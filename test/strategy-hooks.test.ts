import { expect } from 'chai';
import { boom, misbehaviours, timeout } from './support/misbehaviours';
import { authenticate, expectOneOutcomeEach } from './support/passport';
import { type Answer, app, errorOf, failureOf, type Stubbed, stubbed, successOf, Visitor } from './support/strategy';

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

    it('that gives all logins of a session one handle has each of them finished, and no code sent twice', async () => {
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
});
