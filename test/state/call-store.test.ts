import { createRequire } from 'node:module';
import { expect } from 'chai';
import { authenticate, expectOneOutcomeEach } from '../support/passport';
import { type Answer, app, errorOf, failureOf, stubbed, successOf, Visitor } from '../support/strategy';

const load = createRequire(__filename);

/** Makes one of passport-oauth2's own stores. */
function passportStore(name: 'session' | 'store' | 'pkcesession' | 'null'): object {
  const Store = load(`passport-oauth2/lib/state/${name}`);
  return Reflect.construct(Store, [{ key: 'oauth2:consent.criteo.com' }]);
}

describe('CriteoStrategy with another state store', () => {
  expectOneOutcomeEach();
  let visitor: Visitor;
  beforeEach(() => {
    visitor = new Visitor();
  });

  describe('of passport-oauth2', () => {
    for (const [name, options, kept] of [
      ['session', {}, false],
      ['store', {}, true],
      ['pkcesession', { pkce: true }, true],
      ['pkcesession', { pkce: false }, true],
    ] as ['session' | 'store' | 'pkcesession', object, boolean][]) {
      it(`(${name}, options ${JSON.stringify(options)}) finishes a login`, async () => {
        const strategy = stubbed({ store: passportStore(name), ...options });
        const url = await visitor.begin(strategy, { state: { to: '/' } });
        const state = url.searchParams.get('state');
        expect(state).to.have.length(24);
        const outcome = await visitor.finish(strategy, { code: 'c', state });
        // This store has never accepted a login without a verifier.
        if (name === 'pkcesession' && !Object(options).pkce) return expect(outcome.kind).to.equal('fail');
        expect(successOf(outcome).info).to.deep.equal(kept ? { state: { to: '/' } } : {});
        expect(strategy.asked).to.have.length(1);
        expect(strategy.asked[0]?.form['redirect_uri']).to.equal(app.callbackURL);
        expect('code_verifier' in (strategy.asked[0]?.form ?? {})).to.equal(name === 'pkcesession');
      });

      it(`(${name}, options ${JSON.stringify(options)}) fails for an unknown state with the store’s message and state_unknown`, async () => {
        const strategy = stubbed({ store: passportStore(name), ...options });
        await visitor.begin(strategy);
        const failed = failureOf(await visitor.finish(strategy, { code: 'c', state: 'another' }));
        expect(failed).to.deep.equal({
          code: 'state_unknown',
          message: 'Invalid authorization request state.',
          status: 403,
        });
        expect(strategy.asked).to.have.length(0);
      });

      it(`(${name}, options ${JSON.stringify(options)}) ends with the store’s error if there is no session`, async () => {
        const strategy = stubbed({ store: passportStore(name), ...options });
        for (const query of [{}, { code: 'c', state: 's' }]) {
          expect(errorOf(await authenticate(strategy, { query })).message).to.match(/requires session support/);
        }
      });
    }

    it('(null) ends with an error, because that store gives no state', async () => {
      const strategy = stubbed({ store: passportStore('null') });
      expect(errorOf(await authenticate(strategy, visitor.request({ query: {} }))).message).to.match(/gave no handle/);
    });
  });

  describe('called by its number of parameters', () => {
    const meta = {
      authorizationURL: 'https://consent.criteo.com/request',
      tokenURL: 'https://api.criteo.com/oauth2/token',
      clientID: app.clientID,
      callbackURL: app.callbackURL,
      strategy: 'criteo',
      purpose: 'authenticate',
      boundTo: undefined,
      crossSite: false,
    };
    let seen: unknown[] = [];
    const keep = (...args: unknown[]) => {
      seen = args.slice(1, -1);
      (args.at(-1) as Answer)(null, 'handle');
    };
    const stores: [number, (...args: never[]) => unknown, unknown[]][] = [
      [0, keep, []],
      [2, (a: unknown, b: unknown) => keep(a, b), []],
      [3, (a: unknown, b: unknown, c: unknown) => keep(a, b, c), [meta]],
      [4, (a: unknown, b: unknown, c: unknown, d: unknown) => keep(a, b, c, d), ['app', meta]],
      [
        5,
        (a: unknown, b: unknown, c: unknown, d: unknown, e: unknown) => keep(a, b, c, d, e),
        [undefined, 'app', meta],
      ],
    ];
    for (const [length, store, expected] of stores) {
      it(`passes what store takes if it has ${length} parameters`, async () => {
        const strategy = stubbed({ store: { store, verify: () => {} } });
        expect((await visitor.begin(strategy, { state: 'app' })).searchParams.get('state')).to.equal('handle');
        expect(seen).to.deep.equal(expected);
      });
    }

    it('passes the PKCE verifier to store if it has 5 parameters', async () => {
      await visitor.begin(stubbed({ pkce: true, store: { store: stores[4]?.[1], verify: () => {} } }));
      expect(seen[0]).to.match(/^[\w-]{43}$/);
    });

    const accept = (...args: unknown[]) => {
      seen = args.slice(1, -1);
      (args.at(-1) as Answer)(null, true, { to: '/' });
    };
    const verifies: [number, (...args: never[]) => unknown, unknown[]][] = [
      [0, accept, ['s']],
      [3, (a: unknown, b: unknown, c: unknown) => accept(a, b, c), ['s']],
      [4, (a: unknown, b: unknown, c: unknown, d: unknown) => accept(a, b, c, d), ['s', meta]],
    ];
    for (const [length, verify, expected] of verifies) {
      it(`passes what verify takes if it has ${length} parameters`, async () => {
        const strategy = stubbed({ store: { store: () => {}, verify } });
        const done = successOf(await visitor.finish(strategy, { code: 'c', state: 's' }));
        expect(done.info).to.deep.equal({ state: { to: '/' } });
        expect(seen).to.deep.equal(expected);
      });
    }
  });

  it('checks the user, the purpose and the callback URL if the store returns them', async () => {
    let kept = '';
    const store = {
      store: (_req: unknown, { boundTo, purpose, callbackURL }: Record<string, unknown>, done: Answer) => {
        kept = JSON.stringify({ boundTo: boundTo ?? null, purpose, callbackURL });
        done(null, 'handle');
      },
      verify: (_req: unknown, _handle: string, done: Answer) => done(null, true, undefined, JSON.parse(kept)),
    };
    const codeOf = async (options: object, changes: { user?: object }): Promise<unknown> => {
      const strategy = stubbed({ store });
      await visitor.begin(strategy);
      visitor.user = changes.user;
      const outcome = await visitor.finish(strategy, { code: 'c', state: 'handle' }, options);
      visitor.user = undefined;
      return outcome.kind === 'success' ? 'success' : failureOf(outcome).code;
    };
    expect(await codeOf({}, {})).to.equal('success');
    expect(await codeOf({}, { user: { id: 'ada' } })).to.equal('user_changed');
    expect(await codeOf({ assignProperty: 'account' }, {})).to.equal('login_mismatch');
    expect(await codeOf({ callbackURL: 'https://app.example.com/other' }, {})).to.equal('login_mismatch');
  });

  it('calls the methods on the store object', async () => {
    class Own {
      readonly handles = new Set<string>();
      store(_req: unknown, done: Answer) {
        this.handles.add('mine');
        done(null, 'mine');
      }
      verify(_req: unknown, handle: string, done: Answer) {
        done(null, this.handles.delete(handle));
      }
    }
    const strategy = stubbed({ store: new Own() });
    successOf(await visitor.login(strategy));
    expect(failureOf(await visitor.finish(strategy, { code: 'c', state: 'mine' })).code).to.equal('state_unknown');
  });
});
