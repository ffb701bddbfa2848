import { expect } from 'chai';
import { CriteoAuthorizationError } from '../../lib/errors';
import { Jar, linesOf, newResponse, newStore } from '../support/cookie-store';
import { authenticate, expectOneOutcomeEach, type Outcome } from '../support/passport';
import { app, errorOf, failureOf, type Stubbed, stubbed, successOf, tokens, user, Visitor } from '../support/strategy';

describe('CriteoStrategy, at the callback', () => {
  expectOneOutcomeEach();
  let visitor: Visitor;
  let strategy: Stubbed;
  beforeEach(() => {
    visitor = new Visitor();
    strategy = stubbed();
  });

  it('exchanges the code of a pending login once, and signs the user in', async () => {
    const state = await visitor.handle(strategy);
    expect(successOf(await visitor.finish(strategy, { code: 'the-code', state })).user).to.equal(user);
    expect(strategy.asked).to.deep.equal([
      { code: 'the-code', form: { grant_type: 'authorization_code', redirect_uri: app.callbackURL } },
    ]);
    expect(strategy.profiled).to.deep.equal([tokens.access]);
    expect(visitor.session).to.deep.equal({});
  });

  it('sends the callback URL of the authorization request to the token endpoint', async () => {
    const callbackURL = 'https://tenant.example.com/cb';
    const state = await visitor.handle(strategy, { callbackURL });
    await visitor.finish(strategy, { code: 'c', state }, { callbackURL });
    expect(strategy.asked[0]?.form['redirect_uri']).to.equal(callbackURL);
  });

  it('reads a form body if the query has no callback parameters', async () => {
    const state = await visitor.handle(strategy);
    const request = visitor.request({ method: 'POST', query: { tenant: '1' }, body: { code: 'c', state } });
    successOf(await authenticate(strategy, request));
  });

  it('reads the URL if no framework has parsed the query', async () => {
    const state = await visitor.handle(strategy);
    successOf(await authenticate(strategy, visitor.request({ url: `/cb?code=c%2B1&state=${state}#x` })));
    expect(strategy.asked[0]?.code).to.equal('c+1');
  });

  it('fails with invalid_callback, and returns the app’s state, if there is neither a code nor an error', async () => {
    const state = await visitor.handle(strategy, { state: 'mine' });
    for (const query of [
      { state },
      { state: await visitor.handle(strategy, { state: 'mine' }), code: '', error: '' },
    ]) {
      const failed = failureOf(await visitor.finish(strategy, query));
      expect(failed).to.include({ code: 'invalid_callback', status: 400, state: 'mine' });
      expect(failed.message).to.match(/neither a code nor an error/);
    }
    expect(strategy.asked).to.have.length(0);
  });

  it('fails with invalid_callback, which names the parameter, if one is malformed, and keeps every login', async () => {
    const state = await visitor.handle(strategy);
    const failed = failureOf(await visitor.finish(strategy, { code: ['a', 'b'], state }));
    expect(failed).to.include({ code: 'invalid_callback', status: 400 });
    expect(failed.message).to.match(/parameter code is repeated/);
    expect(visitor.pending()).to.deep.equal([state]);
  });

  it('fails with invalid_callback if it is a prefetch, and keeps every login', async () => {
    const state = await visitor.handle(strategy);
    const headers = { purpose: 'prefetch' };
    const failed = failureOf(await authenticate(strategy, visitor.request({ query: { code: 'c', state }, headers })));
    expect(failed).to.include({ code: 'invalid_callback', status: 503 });
    expect(visitor.pending()).to.deep.equal([state]);
  });

  describe('with several logins pending', () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      it(`finishes the logins of two tabs in the order ${order}`, async () => {
        const handles = [
          await visitor.handle(strategy, { state: 'a' }),
          await visitor.handle(strategy, { state: 'b' }),
        ];
        for (const index of order) {
          const done = successOf(await visitor.finish(strategy, { code: `c${index}`, state: handles[index] }));
          expect(done.info).to.deep.equal({ state: 'ab'[index] });
        }
        expect(strategy.asked).to.have.length(2);
      });
    }

    it('rejects a repeated callback with state_unknown, and exchanges its code only once', async () => {
      const state = await visitor.handle(strategy);
      const other = await visitor.handle(strategy);
      successOf(await visitor.finish(strategy, { code: 'c', state }));
      expect(failureOf(await visitor.finish(strategy, { code: 'c', state }))).to.include({
        code: 'state_unknown',
        status: 403,
      });
      expect(strategy.asked).to.have.length(1);
      expect(visitor.pending()).to.deep.equal([other]);
    });

    it('removes the login from the saved session before the code is exchanged', async () => {
      const state = await visitor.handle(strategy);
      const written: unknown[] = [];
      const request = visitor.request({ query: { code: 'c', state } });
      // Like a session of express-session.
      const session = Object.defineProperties(visitor.session, {
        regenerate: { value: () => {} },
        save: {
          value(this: unknown, done: () => void) {
            written.push(JSON.parse(JSON.stringify(this)));
            setImmediate(done);
          },
        },
      });
      strategy.token = (answer) => {
        written.push('exchange');
        answer(null, tokens.access, null, {});
      };
      successOf(await authenticate(strategy, { ...request, session }));
      expect(written).to.deep.equal([{}, 'exchange']);
    });

    it('ends with an error if the session cannot be saved, and does not exchange the code', async () => {
      const state = await visitor.handle(strategy);
      const request = visitor.request({ query: { code: 'c', state } });
      Object.assign(visitor.session, {
        regenerate() {},
        save: (done: (e: Error) => void) => done(new Error('disk full')),
      });
      const error = errorOf(await authenticate(strategy, request));
      expect(error).to.include({ code: 'session_not_saved', status: 503, retryable: true });
      expect(error.message).to.match(/could not be saved, so the code was not sent/);
      expect(error.cause).to.have.property('message', 'disk full');
      expect(strategy.asked).to.have.length(0);
    });
  });

  describe('that belongs to another strategy', () => {
    const others: [string, object][] = [
      ['name', { name: 'criteo-retail' }],
      ['client id', { clientID: 'client-2' }],
    ];
    for (const [what, options] of others) {
      it(`fails with state_unknown, and keeps the login pending, if the other strategy has another ${what}`, async () => {
        const other = stubbed(options);
        const state = await visitor.handle(other);
        await visitor.handle(strategy);
        expect(failureOf(await visitor.finish(strategy, { code: 'c', state })).code).to.equal('state_unknown');
        expect(strategy.asked).to.have.length(0);
        successOf(await visitor.finish(other, { code: 'c', state }));
      });
    }
  });

  describe('of a login that another user started', () => {
    const alice = { id: 'alice' };
    const bob = { id: 'bob' };
    const signedOut = undefined;
    const cases: [string, unknown, unknown, RegExp][] = [
      [
        'one user starts the login and another finishes it',
        alice,
        bob,
        /another user signed in meanwhile, in another tab/,
      ],
      [
        'a user starts the login and no user is signed in at the callback',
        alice,
        signedOut,
        /no user is signed in at the callback.*SameSite/,
      ],
      [
        'no user is signed in at the start and a user is at the callback',
        signedOut,
        alice,
        /signed in meanwhile.*nothing more to do/,
      ],
    ];
    for (const [name, starts, finishes, message] of cases) {
      for (const options of [{}, { assignProperty: 'account' }]) {
        it(`fails with user_changed if ${name}: ${options.assignProperty ? 'authorize' : 'authenticate'}`, async () => {
          visitor.user = starts;
          const state = await visitor.handle(strategy, { ...options, state: 'mine' });
          visitor.user = finishes;
          const failed = failureOf(await visitor.finish(strategy, { code: 'c', state }, options));
          expect(failed).to.include({ code: 'user_changed', status: 403, state: 'mine' });
          expect(failed.message).to.match(message);
          expect(strategy.asked).to.have.length(0);
          expect(visitor.pending()).to.deep.equal([]);
        });
      }
    }

    const shapes: [string, (name: string) => unknown][] = [
      ['_id', (_id) => ({ _id })],
      ['sub', (sub) => ({ sub })],
      ['userId', (userId) => ({ userId })],
      ['an ObjectId', (hex) => ({ _id: { toHexString: () => hex } })],
      ['the user itself', (name) => name],
    ];
    for (const [name, make] of shapes) {
      it(`fails with user_changed if users are identified by ${name}`, async () => {
        visitor.user = make('alice');
        const state = await visitor.handle(strategy);
        visitor.user = make('bob');
        expect(failureOf(await visitor.finish(strategy, { code: 'c', state })).code).to.equal('user_changed');
        visitor.user = make('bob');
        successOf(await visitor.login(strategy));
      });
    }

    it('ends with an error that says to set bindTo if the user has no id, at the start and at the callback', async () => {
      const state = await visitor.handle(strategy);
      visitor.user = { email: 'alice@example.com' };
      for (const query of [{}, { code: 'c', state }]) {
        const error = errorOf(await visitor.finish(strategy, query));
        expect(error).to.include({ code: 'user_unidentified', status: 500 });
        expect(error.message).to.match(/set the option bindTo/);
      }
      expect(visitor.pending()).to.deep.equal([state]);
      expect(strategy.asked).to.have.length(0);
    });

    it('fails with user_changed if bindTo returns another value, which the session does not contain', async () => {
      let who = 'Bearer very-secret';
      strategy = stubbed({ bindTo: () => who });
      const state = await visitor.handle(strategy);
      expect(JSON.stringify(visitor.session)).not.to.include('very-secret');
      successOf(await visitor.finish(strategy, { code: 'c', state }));
      const again = await visitor.handle(strategy);
      who = 'Bearer another';
      expect(failureOf(await visitor.finish(strategy, { code: 'c', state: again })).code).to.equal('user_changed');
    });

    it('signs any user in if bindTo always returns undefined, which switches the check off', async () => {
      strategy = stubbed({ bindTo: () => undefined });
      visitor.user = alice;
      const state = await visitor.handle(strategy);
      visitor.user = bob;
      successOf(await visitor.finish(strategy, { code: 'c', state }));
    });

    for (const none of ['', null]) {
      it(`ends with an error if bindTo returns ${JSON.stringify(none)}, which could be many users`, async () => {
        strategy = stubbed({ bindTo: () => none });
        expect(errorOf(await visitor.finish(strategy, {})).message).to.match(
          /bindTo must return a text that is not empty, or undefined for no user/,
        );
        expect(visitor.pending()).to.deep.equal([]);
      });
    }
  });

  describe('with another purpose or callback URL', () => {
    const authorize = { assignProperty: 'account' };
    const elsewhere = { callbackURL: 'https://app.example.com/connect/criteo/callback' };
    const cases: [string, object, object, RegExp][] = [
      [
        'a sign-in that is finished by passport.authorize',
        {},
        authorize,
        /by passport\.authenticate but finished by passport\.authorize.*on both routes.*passport\.authorize\(name, \{\}, callback\).*Start again/,
      ],
      [
        'a callback URL given on the login route only',
        elsewhere,
        {},
        /connect\/criteo\/callback but .*both routes.*Start again/,
      ],
      [
        'a callback URL given on the callback route only',
        {},
        elsewhere,
        /criteo-auth\/callback but .*both routes.*Start again/,
      ],
    ];
    for (const [name, starts, finishes, message] of cases) {
      it(`fails with login_mismatch before the code exchange for ${name}`, async () => {
        const state = await visitor.handle(strategy, { ...starts, state: 'mine' });
        const failed = failureOf(await visitor.finish(strategy, { code: 'c', state }, finishes));
        expect(failed).to.include({ code: 'login_mismatch', status: 403, state: 'mine' });
        expect(failed.message).to.match(message);
        expect(strategy.asked).to.have.length(0);
      });
    }

    it('does not fail for passport.authorize with a callback function, which looks like passport.authenticate', async () => {
      const state = await visitor.handle(strategy, authorize);
      strategy.profile = (done) => done(new Error('no profile'));
      // It is a link all the same, so the tokens are not lost.
      successOf(await visitor.finish(strategy, { code: 'c', state }, {}));
    });

    it('does not fail if both routes use the same purpose and callback URL', async () => {
      const options = { ...authorize, ...elsewhere };
      const state = await visitor.handle(strategy, options);
      successOf(await visitor.finish(strategy, { code: 'c', state }, options));
      expect(strategy.asked[0]?.form['redirect_uri']).to.equal(elsewhere.callbackURL);
    });

    it('rejects a login that an attacker started in the session before the user signed in', async () => {
      // One strategy for both. The victim's session was the attacker's, and keepSessionInfo keeps what is pending in it.
      const planted = [await visitor.handle(strategy), await visitor.handle(strategy, authorize)];
      visitor.user = { id: 'victim' };
      for (const state of planted) {
        for (const options of [{}, authorize, { ...authorize, ...elsewhere }]) {
          const outcome = await visitor.finish(strategy, { code: 'attacker', state }, options);
          expect(failureOf(outcome).code).to.be.oneOf(['user_changed', 'state_unknown']);
        }
      }
      expect(strategy.asked).to.have.length(0);
    });
  });

  for (const given of ['by name', 'as an instance'] as const) {
    describe(`that comes several times at once to a strategy given ${given}`, () => {
      const all = (requests: object[]): Promise<Outcome[]> =>
        Promise.all(requests.map((request) => authenticate(strategy, request, {}, given)));
      const expectOneExchange = (outcomes: Outcome[]): void => {
        expect(outcomes.filter(({ kind }) => kind === 'success')).to.have.length(1);
        for (const outcome of outcomes.filter(({ kind }) => kind !== 'success')) {
          const failed = failureOf(outcome);
          expect(failed).to.include({ code: 'state_unknown', status: 403, state: 'mine' });
          expect(failed.message).to.match(
            /came twice \(reload.* not sent again, because .* did not sign the user in, start again/,
          );
        }
        expect(strategy.asked).to.have.length(1);
      };
      const slowly = (made: Stubbed): Stubbed => {
        made.token = (answer) => setTimeout(answer, 5, null, tokens.access, null, {});
        return made;
      };

      it('exchanges the code once with SessionStateStore', async () => {
        strategy = slowly(stubbed());
        const state = await visitor.handle(strategy, { state: 'mine' });
        // Each request gets its own copy of the session, as from a session store.
        const load = () => ({
          ...Object(structuredClone(visitor.session)),
          regenerate: () => {},
          save: (done: () => void) => setTimeout(done, 2),
        });
        const requests = [0, 1, 2].map(() => visitor.request({ query: { code: 'c', state }, session: load() }));
        expectOneExchange(await all(requests));
      });

      it('exchanges the code once with CookieStateStore', async () => {
        strategy = slowly(stubbed({ store: newStore() }));
        const response = newResponse();
        const { args } = await authenticate(strategy, { query: {}, headers: {}, res: response }, { state: 'mine' });
        const state = new URL(String(args[0])).searchParams.get('state');
        const jar = new Jar();
        jar.take(linesOf(response));
        const headers = { cookie: jar.header };
        const requests = [0, 1, 2].map(() => ({ query: { code: 'c', state }, headers, res: newResponse() }));
        expectOneExchange(await all(requests));
      });
    });
  }

  describe('of an expired login', () => {
    it('fails with state_expired, and returns the app’s state so that it can start again', async () => {
      const state = await visitor.handle(strategy, { state: { returnTo: '/x' } });
      const record = Object(visitor.session['criteo'])[state];
      record.at -= 600_001;
      const failed = failureOf(await visitor.finish(strategy, { code: 'c', state }));
      expect(failed).to.deep.include({ code: 'state_expired', status: 403, state: { returnTo: '/x' } });
      expect(strategy.asked).to.have.length(0);
      expect(visitor.session).to.deep.equal({});
    });
  });

  describe('with an error', () => {
    it('access_denied fails with access_denied and the description from Criteo', async () => {
      const state = await visitor.handle(strategy, { state: 's' });
      const query = { error: 'access_denied', error_description: 'not\u0007now\u202e', state };
      expect(failureOf(await visitor.finish(strategy, query))).to.deep.equal({
        code: 'access_denied',
        error: 'access_denied',
        message: 'not now',
        state: 's',
        status: undefined,
      });
      expect(visitor.session).to.deep.equal({});
    });

    it('access_denied without a description fails with the message that the user declined', async () => {
      const state = await visitor.handle(strategy);
      const failed = failureOf(await visitor.finish(strategy, { error: 'access_denied', state }));
      expect(failed.message).to.equal('The user declined at Criteo.');
    });

    // Criteo documents only "an error": each of these may be how it says that the user declined.
    for (const word of ['user_denied', 'consent_denied', 'interaction_required', 'made_up']) {
      it(`${word} fails with access_denied and keeps the word in info.error`, async () => {
        const state = await visitor.handle(strategy, { state: 's' });
        expect(failureOf(await visitor.finish(strategy, { error: word, state }))).to.deep.equal({
          code: 'access_denied',
          error: word,
          message: 'The user declined at Criteo.',
          state: 's',
          status: undefined,
        });
      });
    }

    it('that is not a single word fails with access_denied and does not show the text', async () => {
      const state = await visitor.handle(strategy);
      const failed = failureOf(await visitor.finish(strategy, { error: '<script>alert(1)</script>', state }));
      expect(failed).to.include({ code: 'access_denied', message: 'The user declined at Criteo.' });
      expect(failed).not.to.have.property('error');
    });

    const errors: [string, number, boolean][] = [
      ['invalid_request', 500, false],
      ['unauthorized_client', 500, false],
      ['unsupported_response_type', 500, false],
      ['invalid_scope', 500, false],
      ['server_error', 502, true],
      ['temporarily_unavailable', 503, true],
    ];
    for (const [code, status, retryable] of errors) {
      it(`${code} ends the login with a CriteoAuthorizationError`, async () => {
        const state = await visitor.handle(strategy);
        const query = { error: code, state, error_uri: 'https://x.example/\u0000' };
        const found = errorOf(await visitor.finish(strategy, query));
        expect(found).to.be.instanceOf(CriteoAuthorizationError);
        expect(found).to.include({ code, status, retryable, uri: 'https://x.example/' });
        const advice = retryable ? '. Start the login again.' : '';
        expect(found.message).to.equal(`Criteo ended the login with the error ${code}${advice}`);
      });
    }

    it('shows the description shortened to a length that fits a page', async () => {
      const state = await visitor.handle(strategy);
      const query = { error: 'server_error', error_description: 'word '.repeat(800), state };
      const { message } = errorOf(await visitor.finish(strategy, query));
      expect(message).to.match(/^(word )+word… Start the login again\.$/);
      expect(message.length).to.be.below(340);
    });

    it('and a code fails with the error and does not exchange the code', async () => {
      const state = await visitor.handle(strategy);
      failureOf(await visitor.finish(strategy, { error: 'access_denied', code: 'c', state }));
      expect(strategy.asked).to.have.length(0);
    });

    it('but without state keeps every login, shows no description, and names a known error', async () => {
      const pending = await visitor.handle(strategy);
      const query = { error: 'access_denied', error_description: 'call 555-1234' };
      const { message, ...failed } = failureOf(await visitor.finish(strategy, query));
      expect(failed).to.deep.equal({ code: 'state_missing', error: 'access_denied', status: 403 });
      expect(message).not.to.include('555');
      expect(failureOf(await visitor.finish(strategy, { error: 'server_error' })).error).to.equal('server_error');
      const foreign = failureOf(await visitor.finish(strategy, { error: 'call-555' }));
      expect(foreign).not.to.have.property('error');
      expect(visitor.pending()).to.deep.equal([pending]);
    });
  });

  describe('with an issuer (iss)', () => {
    it('that is Criteo signs the user in', async () => {
      const state = await visitor.handle(strategy);
      successOf(await visitor.finish(strategy, { code: 'c', state, iss: 'https://api.criteo.com' }));
    });

    for (const iss of ['https://evil.example', '', 'https://api.criteo.com/']) {
      it(`${JSON.stringify(iss)} fails with issuer_mismatch and keeps every login`, async () => {
        const state = await visitor.handle(strategy);
        const failed = failureOf(await visitor.finish(strategy, { code: 'c', state, iss }));
        expect(failed).to.include({ code: 'issuer_mismatch', status: 403 });
        expect(failed.message).to.match(/not from https:\/\/api\.criteo\.com \(the option issuer\)/);
        expect(visitor.pending()).to.deep.equal([state]);
      });
    }

    it('that equals the option issuer signs the user in', async () => {
      strategy = stubbed({ issuer: 'https://issuer.example' });
      const state = await visitor.handle(strategy);
      successOf(await visitor.finish(strategy, { code: 'c', state, iss: 'https://issuer.example' }));
    });
  });

  describe('after the option pkce changed', () => {
    it('sends the verifier of a login that started before PKCE was switched off', async () => {
      const state = await visitor.handle(stubbed({ pkce: true }));
      successOf(await visitor.finish(strategy, { code: 'c', state }));
      expect(strategy.asked[0]?.form['code_verifier']).to.match(/^[\w-]{43}$/);
    });

    it('fails for a login that started before PKCE was switched on', async () => {
      const state = await visitor.handle(strategy, { state: 's' });
      const strict = stubbed({ pkce: true });
      const failed = failureOf(await visitor.finish(strict, { code: 'c', state }));
      expect(failed).to.include({ code: 'state_unknown', status: 403, state: 's' });
      expect(failed.message).to.match(/started without PKCE.*Start again/);
      expect(strict.asked).to.have.length(0);
    });
  });

  describe('without a session', () => {
    for (const [leg, query] of Object.entries({ start: {}, callback: { code: 'c', state: 's' } })) {
      it(`ends the ${leg} with the error session_missing`, async () => {
        const error = errorOf(await authenticate(strategy, { query }));
        expect(error).to.include({ code: 'session_missing', status: 500 });
        expect(error.message).to.match(/mount session middleware/);
        expect(strategy.asked).to.have.length(0);
      });
    }
  });
});
