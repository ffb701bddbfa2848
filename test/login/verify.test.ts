import { expect } from 'chai';
import { HookTimeoutError } from '../../lib/errors';
import type { Login } from '../../lib/login/verify';
import { classicArguments, readVerify } from '../../lib/login/verify';
import { expectOneOutcomeEach } from '../support/passport';
import { type Answer, errorOf, failureOf, stubbed, successOf, tokens, user, Visitor } from '../support/strategy';

/** Makes a function with `length` parameters. */
const ofLength = (length: number) => Object.defineProperty(() => {}, 'length', { value: length });

describe('readVerify', () => {
  it('accepts the modern form from the options', () => {
    const verify = () => {};
    expect(readVerify(verify, undefined, false)).to.deep.equal({ verify, modern: true });
  });

  it('rejects a verify in the options that has the parameters of the classic form', () => {
    for (const length of [0, 1]) expect(readVerify(ofLength(length), undefined, false).modern).to.equal(true);
    for (const length of [2, 4, 6]) {
      expect(() => readVerify(ofLength(length), undefined, false)).to.throw(
        TypeError,
        new RegExp(`has ${length} parameters, but it gets one object: .* new CriteoStrategy\\(options, verify\\)$`),
      );
    }
  });

  const taken: [boolean, number[]][] = [
    [false, [0, 4, 5]],
    [true, [0, 5, 6]],
  ];
  for (const [withRequest, lengths] of taken) {
    for (let length = 0; length <= 8; length += 1) {
      const verb = lengths.includes(length) ? 'accepts' : 'rejects';
      it(`${verb} a classic verify of ${length} parameters with passReqToCallback: ${withRequest}`, () => {
        const read = () => readVerify(undefined, ofLength(length), withRequest);
        if (lengths.includes(length)) expect(read().modern).to.equal(false);
        else expect(read).to.throw(TypeError, `verify has ${length} parameters, so it cannot call back: expected (`);
      });
    }
  }

  it('says which parameters are expected, and suggests what the app may have meant', () => {
    const message = (length: number, withRequest: boolean): string => {
      try {
        readVerify(undefined, ofLength(length), withRequest);
      } catch (error) {
        return String(error);
      }
      return '';
    };
    expect(message(3, false)).to.match(/expected \(accessToken, refreshToken, profile, done\) or \(.*params.*\)$/);
    expect(message(3, true)).to.match(
      /expected \(req, accessToken, refreshToken, profile, done\) or \(req.*params.*\)$/,
    );
    expect(message(1, false)).to.match(/goes into the options: new CriteoStrategy\(\{ \.\.\.options, verify \}\)$/);
    expect(message(6, false)).to.match(/or the option passReqToCallback: true$/);
  });

  it('rejects a value that is not a function, both forms at once, and the modern form with passReqToCallback', () => {
    for (const value of [undefined, null, 'me', {}]) {
      expect(() => readVerify(undefined, value, false)).to.throw(TypeError, 'needs a verify function');
    }
    for (const value of [null, 'me', {}]) {
      expect(() => readVerify(value, undefined, false)).to.throw(TypeError, 'the option verify must be a function');
    }
    expect(() =>
      readVerify(
        () => {},
        () => {},
        false,
      ),
    ).to.throw(TypeError, 'given twice');
    expect(() => readVerify(() => {}, undefined, true)).to.throw(TypeError, 'passReqToCallback');
  });
});

describe('classicArguments', () => {
  // The values are only passed on, so strings are enough.
  const login = {
    tokens: { accessToken: 'a', refreshToken: 'r' },
    params: 'params',
    profile: 'profile',
    req: 'req',
  } as unknown as Login;

  const expected: [boolean, number, string[]][] = [
    [false, 0, ['a', 'r', 'profile']],
    [false, 4, ['a', 'r', 'profile']],
    [false, 5, ['a', 'r', 'params', 'profile']],
    [true, 0, ['req', 'a', 'r', 'profile']],
    [true, 5, ['req', 'a', 'r', 'profile']],
    [true, 6, ['req', 'a', 'r', 'params', 'profile']],
  ];
  for (const [withRequest, length, list] of expected) {
    it(`are ${list.join(', ')} for ${length} parameters with passReqToCallback: ${withRequest}`, () => {
      expect(classicArguments(length, withRequest, login)).to.deep.equal(list);
    });
  }
});

const profile = { provider: 'criteo', id: '13' };
const params = { access_token: tokens.access, expires_in: 900 };
const refused = { code: 'login_refused', message: 'The app refused this login: verify gave no user.' };
const forgotten = /^verify gave undefined, so there is no user. Most likely a return is missing/;

describe('CriteoStrategy, verify', () => {
  expectOneOutcomeEach();
  let visitor: Visitor;
  beforeEach(() => {
    visitor = new Visitor();
  });

  describe('in the classic form', () => {
    let seen: unknown[] = [];
    const take = (...args: unknown[]) => {
      seen = args.slice(0, -1);
      (args.at(-1) as Answer)(null, user);
    };
    const four = (a: unknown, b: unknown, c: unknown, d: unknown) => take(a, b, c, d);
    const five = (a: unknown, b: unknown, c: unknown, d: unknown, e: unknown) => take(a, b, c, d, e);
    const six = (a: unknown, b: unknown, c: unknown, d: unknown, e: unknown, f: unknown) => take(a, b, c, d, e, f);

    const forms: [string, unknown, boolean, unknown[]][] = [
      ['four parameters', four, false, [tokens.access, tokens.refresh, profile]],
      ['five parameters', five, false, [tokens.access, tokens.refresh, params, profile]],
      ['a rest parameter, like that of Nest', take, false, [tokens.access, tokens.refresh, profile]],
      ['five parameters and the request', five, true, ['request', tokens.access, tokens.refresh, profile]],
      ['six parameters and the request', six, true, ['request', tokens.access, tokens.refresh, params, profile]],
      ['a rest parameter and the request', take, true, ['request', tokens.access, tokens.refresh, profile]],
    ];
    for (const [name, verify, passReqToCallback, expected] of forms) {
      it(`with ${name} gets the same arguments as from passport-oauth2`, async () => {
        successOf(await visitor.login(stubbed({ passReqToCallback }, verify)));
        const [first, ...others] = seen;
        const query = Object(first).query;
        expect([query?.code === 'code-1' ? 'request' : first, ...others]).to.deep.equal(expected);
      });
    }

    it('gets undefined as refresh token if there is none', async () => {
      const strategy = stubbed({}, take);
      strategy.token = (answer) => answer(null, 'a', null, null);
      successOf(await visitor.login(strategy));
      expect(seen).to.deep.equal(['a', undefined, profile]);
    });

    it('may be an async function that calls back', async () => {
      const verify = async (_a: unknown, _b: unknown, _c: unknown, done: Answer) => {
        await null;
        done(null, user, { scope: 'x' });
      };
      expect(successOf(await visitor.login(stubbed({}, verify)))).to.deep.equal({ user, info: { scope: 'x' } });
    });

    it('that is async and does not call back ends with an error at its deadline', async () => {
      const verify = async (_a: unknown, _b: unknown, _c: unknown, _done: Answer) => user;
      expect(errorOf(await visitor.login(stubbed({ timeout: 60 }, verify)))).to.be.instanceOf(HookTimeoutError);
    });

    it('decides with its first call back only', async () => {
      const verify = (_a: unknown, _b: unknown, _c: unknown, done: Answer) => {
        done(null, user);
        done(null, false);
        done(new Error('late'));
        setImmediate(done, null, { id: 'other' });
        throw new Error('later');
      };
      expect(successOf(await visitor.login(stubbed({}, verify))).user).to.equal(user);
    });

    const refusals: [unknown, object][] = [
      [undefined, refused],
      [null, refused],
      ['', refused],
      ['no account', { ...refused, message: 'no account' }],
      [{ message: 'no account' }, { ...refused, message: 'no account' }],
      [
        { code: 'mine', message: 'no account' },
        { code: 'mine', message: 'no account' },
      ],
      [{ reason: 1 }, { ...refused, reason: 1 }],
      [new Error('no account'), { ...refused, message: 'no account' }],
    ];
    for (const [info, expected] of refusals) {
      it(`that rejects the user with the info ${info instanceof Error ? info : JSON.stringify(info)} fails with a code, a message and the state`, async () => {
        const strategy = stubbed({}, (_a: unknown, _b: unknown, _c: unknown, done: Answer) => done(null, false, info));
        expect(failureOf(await visitor.login(strategy))).to.deep.equal({ ...expected, status: undefined });
        const stated = await visitor.login(strategy, { state: { to: '/' } });
        expect(failureOf(stated)).to.deep.equal({ ...expected, state: { to: '/' }, status: undefined });
      });
    }

    it('sets the status of the failure if its info is a number', async () => {
      const strategy = stubbed({}, (_a: unknown, _b: unknown, _c: unknown, done: Answer) => done(null, false, 418));
      expect(failureOf(await visitor.login(strategy))).to.deep.equal({ ...refused, status: 418 });
    });

    it('keeps its own info object unchanged', async () => {
      const info = Object.freeze({ scope: 'x' });
      const strategy = stubbed({}, (_a: unknown, _b: unknown, _c: unknown, done: Answer) => done(null, user, info));
      const done = successOf(await visitor.login(strategy, { state: 's' }));
      expect(done.info).to.deep.equal({ scope: 'x', state: 's' });
      expect(info).to.deep.equal({ scope: 'x' });
    });

    it('may succeed with a string as info', async () => {
      const strategy = stubbed({}, (_a: unknown, _b: unknown, _c: unknown, done: Answer) => done(null, user, 'hello'));
      expect(successOf(await visitor.login(strategy)).info).to.equal('hello');
      const stated = successOf(await visitor.login(strategy, { state: 's' }));
      expect(stated.info).to.deep.equal({ message: 'hello', state: 's' });
    });
  });

  describe('in the modern form', () => {
    it('gets one object with tokens, parameters, profile, request and state', async () => {
      let login: Login | undefined;
      const strategy = stubbed({
        verify: (given: Login) => {
          login = given;
          return user;
        },
      });
      const began = Date.now();
      successOf(await visitor.login(strategy, { state: { to: '/' } }));
      expect(Object.keys(login ?? {}).sort()).to.deep.equal(['params', 'profile', 'req', 'state', 'tokens']);
      expect(login).to.deep.include({ params, profile, state: { to: '/' } });
      expect(login?.req.query).to.have.property('code', 'code-1');
      expect(login?.tokens).to.include({
        accessToken: tokens.access,
        refreshToken: tokens.refresh,
        tokenType: 'Bearer',
      });
      expect(login?.tokens.obtainedAt).to.be.within(began, Date.now());
      expect(login?.tokens.expiresAt).to.equal((login?.tokens.obtainedAt ?? 0) + 900_000);
    });

    it('gets undefined as profile if the profile is skipped', async () => {
      let login: object = {};
      const verify = (given: Login) => {
        login = given;
        return user;
      };
      successOf(await visitor.login(stubbed({ verify, skipUserProfile: true })));
      expect(login).to.have.property('profile', undefined);
      expect(login).not.to.have.property('profileError');
    });

    for (const value of [user, Promise.resolve(user), 'user-1', true]) {
      it(`signs in what it returns: ${value instanceof Promise ? 'a promise' : JSON.stringify(value)}`, async () => {
        const done = successOf(await visitor.login(stubbed({ verify: () => value })));
        expect(done).to.deep.equal({ user: await value, info: {} });
      });
    }

    for (const noUser of [undefined, null, false, 0, '']) {
      it(`fails with the state if it returns ${JSON.stringify(noUser)}`, async () => {
        const failed = failureOf(await visitor.login(stubbed({ verify: async () => noUser }), { state: 's' }));
        const { message, ...rest } = refused;
        expect(failed).to.deep.include({ ...rest, state: 's', status: undefined });
        // undefined is most likely a missing return, so the message says so.
        expect(failed['message']).to.match(noUser === undefined ? forgotten : new RegExp(`^${message}$`));
      });
    }
  });

  // Passport passes the error to `next`: undefined, 'route' and 'router' would let the request go on as if signed in.
  describe('that fails', () => {
    const reasons: [string, unknown][] = [
      ['an Error', new Error('boom')],
      ['undefined', undefined],
      ['null', null],
      ["'route'", 'route'],
      ["'router'", 'router'],
      ['0', 0],
      ["''", ''],
      ['a symbol', Symbol('s')],
      ['a function', () => {}],
      ['an object without a prototype', Object.create(null)],
    ];
    const classic = (act: (done: Answer) => unknown) => (_a: unknown, _b: unknown, _c: unknown, done: Answer) =>
      act(done);
    for (const [name, reason] of reasons) {
      const ways: [string, object, unknown][] = [
        [
          'throws',
          {
            verify: () => {
              throw reason;
            },
          },
          undefined,
        ],
        ['rejects with', { verify: () => Promise.reject(reason) }, undefined],
        [
          'throws, in the classic form,',
          {},
          classic(() => {
            throw reason;
          }),
        ],
        ['rejects, in the classic form, with', {}, classic(() => Promise.reject(reason))],
        ['calls back with', {}, classic((done) => (reason ? done(reason) : Promise.reject(reason)))],
      ];
      for (const [way, options, verify] of ways) {
        it(`because it ${way} ${name}, ends the login with an error object`, async () => {
          const { kind, args } = await visitor.login(stubbed(options, verify));
          expect(kind).to.equal('error');
          expect(typeof args[0] === 'object' && args[0] !== null).to.equal(true);
        });
      }
    }

    for (const [name, verify] of [
      ['never calls back', () => new Promise(() => {})],
      ['returns a thenable that never settles', () => Object.defineProperty({}, 'then', { value: () => {} })],
    ] as [string, unknown][]) {
      it(`because it ${name}, ends the login with an error at its deadline`, async () => {
        const error = errorOf(await visitor.login(stubbed({ timeout: 60, verify })));
        expect(error).to.include({ code: 'hook_timeout' });
        expect(error.message).to.match(/^verify did not respond within 60 ms/);
      });
    }

    it('because it calls back after its deadline, does not change the outcome', async () => {
      let answer: Answer = () => {};
      const verify = (_a: unknown, _b: unknown, _c: unknown, done: Answer) => {
        answer = done;
      };
      errorOf(await visitor.login(stubbed({ timeout: 50 }, verify)));
      answer(null, user);
    });
  });
});
