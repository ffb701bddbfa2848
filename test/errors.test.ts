import { inspect } from 'node:util';
import { expect } from 'chai';
import { AuthorizationError, InternalOAuthError, TokenError } from 'passport-oauth2';
import {
  ConsentCallbackError,
  CriteoAPIError,
  CriteoAuthorizationError,
  CriteoError,
  CriteoTokenError,
  CriteoTransportError,
  type ErrorFacts,
  foreignCause,
  HookTimeoutError,
  ReauthorizationRequiredError,
  TokenStoreError,
} from '../lib/errors';

const facts = { code: 'timeout', status: 504 } as const;

describe('errors', () => {
  for (const [name, make, base] of [
    ['CriteoTokenError', (more: object) => new CriteoTokenError('It broke', { ...facts, ...more }), TokenError],
    ['CriteoAPIError', (more: object) => new CriteoAPIError('It broke', { ...facts, ...more }), Error],
    [
      'CriteoTransportError',
      (more: object) => new CriteoTransportError('It broke', { ...facts, ...more }),
      InternalOAuthError,
    ],
    [
      'CriteoAuthorizationError',
      (more: object) => new CriteoAuthorizationError('It broke', { ...facts, ...more }),
      AuthorizationError,
    ],
    ['ConsentCallbackError', (more: object) => new ConsentCallbackError('It broke', { ...facts, ...more }), Error],
    [
      'ReauthorizationRequiredError',
      (more: object) => new ReauthorizationRequiredError('It broke', { ...facts, ...more }),
      Error,
    ],
    [
      'TokenStoreError',
      (more: object) => new TokenStoreError('It broke', { ...facts, code: 'timeout' as never, ...more }),
      Error,
    ],
  ] as const) {
    describe(name, () => {
      it('is an error with name, message and stack, of the class that people catch', () => {
        const error = make({});
        expect(error).to.be.instanceOf(Error).and.instanceOf(base);
        expect(error).to.include({ name, message: 'It broke', code: 'timeout', status: 504 });
        expect(error.stack).to.match(new RegExp(`^${name}: It broke\\n.*errors.test`));
        expect(String(error)).to.equal(`${name}: It broke`);
      });

      it('is a CriteoError, as are the errors of classes made from it', () => {
        const error: unknown = make({});
        expect(error).to.be.instanceOf(CriteoError);
        if (error instanceof CriteoError) expect([error.code, error.retryable]).to.deep.equal(['timeout', false]);
        class Own extends (make({}).constructor as unknown as new (message: string, facts: object) => Error) {}
        const own = new Own('ours', { ...facts });
        expect(own).to.be.instanceOf(CriteoError).and.instanceOf(Own).and.instanceOf(base);
        expect(error).not.to.be.instanceOf(Own);
      });

      it('always has the flags, and other facts where there are any', () => {
        const bare = make({ traceId: undefined, retryAfter: undefined, response: undefined });
        expect(bare.retryable).to.equal(false);
        expect(bare).not.to.have.any.keys('traceId', 'retryAfter', 'response', 'cause');
        const given = { retryable: true, traceId: 't-1', retryAfter: 0, response: { status: 500 } };
        expect(make(given)).to.deep.include(given);
      });

      it('keeps the error underneath as its cause, and out of lists of its properties', () => {
        const cause = new Error('deeper');
        const error = make({ cause });
        expect(error).to.have.property('cause', cause);
        expect(Object.keys(error)).not.to.include('cause');
      });
    });
  }

  it('are told apart from all other values', () => {
    const alike = Object.assign(new Error('x'), { code: 'timeout', status: 504, retryable: false, reauthorize: false });
    for (const other of [
      alike,
      new TokenError('x', 'invalid_grant'),
      {},
      null,
      undefined,
      'CriteoError',
      CriteoError,
    ]) {
      expect(other instanceof CriteoError).to.equal(false);
    }
    expect(new CriteoAPIError('x', facts)).not.to.be.instanceOf(ConsentCallbackError);
    expect(new CriteoTokenError('x', facts)).not.to.be.instanceOf(CriteoAPIError);
  });

  it('carry the address of an explanation where OAuth has a field for it', () => {
    const given: ErrorFacts & { uri: string } = { ...facts, uri: 'https://docs.example.com/e' };
    expect(new CriteoTokenError('x', given)).to.include({ uri: given.uri });
    expect(new CriteoAuthorizationError('x', given)).to.include({ uri: given.uri });
  });

  it('of a dead connection say that consent is needed, whatever else is said', () => {
    expect(new ReauthorizationRequiredError('Connect again')).to.include({
      code: 'reauthorization_required',
      status: 401,
      reauthorize: true,
      retryable: false,
    });
    expect(new ReauthorizationRequiredError('Connect again', { reauthorize: false }).reauthorize).to.equal(true);
  });

  it('of a store of tokens say which way it failed', () => {
    const error = new TokenStoreError('The store gave rubbish', { code: 'store_failed', status: 503, retryable: true });
    expect(error).to.include({ name: 'TokenStoreError', code: 'store_failed', status: 503, retryable: true });
    expect(error.stack).to.match(/^TokenStoreError: The store gave rubbish\n/);
  });

  it('of a silent hook have a code of their own', () => {
    const error = new HookTimeoutError('verify did not answer');
    expect(error).to.be.instanceOf(CriteoError);
    expect(error).to.include({ name: 'HookTimeoutError', code: 'hook_timeout', status: 503, retryable: false });
    expect(error.stack).to.match(/^HookTimeoutError: verify did not answer\n/);
  });
});

describe('foreignCause', () => {
  it('has a stack without lines if the error has none', () => {
    expect(foreignCause(Object.assign(new Error('down'), { stack: 'Error: down' }))?.stack).to.equal('Error: down');
  });

  const token = 'kQ+7z/Vb2Xw9RtLm4pJc8NsYd3FgHa6E==';

  /** As ioredis makes them: with the command and its arguments. */
  class ReplyError extends Error {
    command = { name: 'set', args: ['user-1', token] };
    previous = new Error(`SET user-1 ${token}`);
    errors = [new Error(token)];
    code: unknown = 'WRONGTYPE';
    constructor() {
      super(`WRONGTYPE Operation against a key, command SET user-1 ${token}`, { cause: new Error(token) });
      Object.defineProperty(this, 'name', { value: 'ReplyError' });
      Object.defineProperty(this, 'hidden', { value: token, enumerable: false });
    }
  }

  it('keeps name, message and code of an error, and nothing that its driver added, at any depth', () => {
    const cause = foreignCause(new ReplyError());
    expect(cause).to.be.instanceOf(Error);
    expect(cause).to.include({
      name: 'ReplyError',
      message: 'WRONGTYPE Operation against a key, command SET user-1 [redacted]',
      code: 'WRONGTYPE',
    });
    const error = new TokenStoreError('It broke', { code: 'store_failed', status: 503, cause });
    const shown = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true });
    expect(shown).to.include('ReplyError: WRONGTYPE Operation').and.not.include(token.slice(0, 8));
    expect(shown).not.to.match(/args|previous|hidden|\[errors\]/);
    expect(Reflect.ownKeys(cause ?? {}).sort()).to.deep.equal(['code', 'message', 'name', 'stack']);
  });

  it('keeps where the error was thrown, without the message', () => {
    const thrown = new ReplyError();
    expect(foreignCause(thrown)?.stack).to.match(/^ReplyError: WRONGTYPE [^\n]* \[redacted\]\n {4}at .*errors\.test/);
    expect(foreignCause(new Error(''))?.stack).to.match(/^Error\n {4}at .*errors\.test/);
    thrown.message = 'changed afterwards';
    expect(foreignCause(thrown)?.stack).to.equal('ReplyError: changed afterwards');
    const faked = new Error(`no\n    at once (${token}:1:1)`);
    expect(foreignCause(faked)?.stack).to.match(/^Error: no {5}at once \(\[redacted\][^\n]*\)\n {4}at .*errors\.test/);
  });

  it('masks the secrets that it is told of', () => {
    const cause = foreignCause(new Error('cannot write refresh-1 at refresh-1'), ['refresh-1']);
    expect(cause?.message).to.equal('cannot write [redacted] at [redacted]');
    expect(cause?.stack).not.to.include('refresh-1');
  });

  it('keeps numbers as codes, and no other code that is not a word', () => {
    const codeOf = (code: unknown): unknown =>
      (foreignCause(Object.assign(new Error('x'), { code })) as { code?: unknown }).code;
    expect([11_000, '57014', 'ECONNREFUSED'].map(codeOf)).to.deep.equal([11_000, '57014', 'ECONNREFUSED']);
    for (const code of [undefined, {}, Number.NaN, 1.5, 'two words', token]) expect(codeOf(code)).to.equal(undefined);
  });

  it('keeps the error of a hook that did not answer, which is of this package', () => {
    const error = new HookTimeoutError('get did not answer');
    expect(foreignCause(error)).to.equal(error);
  });

  it('makes an error of whatever was thrown', () => {
    expect([foreignCause(undefined), foreignCause(null)]).to.deep.equal([undefined, undefined]);
    expect(foreignCause(`no ${token}`)).to.include({ name: 'Error', message: 'no [redacted]' });
    expect(foreignCause(7)?.message).to.equal('7');
    expect(foreignCause({ message: 'plain', name: 'two words', stack: 7 })).to.include({
      name: 'Error',
      message: 'plain',
    });
    expect(foreignCause({ secret: token })?.message).to.equal('');
    const traps = {
      get(): never {
        throw new Error(token);
      },
    };
    expect(foreignCause(new Proxy({}, traps))).to.include({ name: 'Error', message: '' });
  });

  it('looks at the first characters of a long message only', () => {
    const long = new Error('+'.repeat(8_000_000));
    const start = performance.now();
    expect(foreignCause(long)?.message.length).to.be.below(302);
    expect(performance.now() - start).to.be.below(500);
  });
});
