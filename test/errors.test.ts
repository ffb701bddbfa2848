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
  HookTimeoutError,
  PendingLoginError,
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
      it(`is an error with name, message and stack, and an instance of ${base.name}`, () => {
        const error = make({});
        expect(error).to.be.instanceOf(Error).and.instanceOf(base);
        expect(error).to.include({ name, message: 'It broke', code: 'timeout', status: 504 });
        expect(error.stack).to.match(new RegExp(`^${name}: It broke\\n.*errors.test`));
        expect(String(error)).to.equal(`${name}: It broke`);
      });

      it('is a CriteoError, and so are errors of subclasses', () => {
        const error: unknown = make({});
        expect(error).to.be.instanceOf(CriteoError);
        if (error instanceof CriteoError) expect([error.code, error.retryable]).to.deep.equal(['timeout', false]);
        // `constructor` is typed as a function that makes nothing.
        class Own extends (make({}).constructor as unknown as new (message: string, facts: object) => Error) {}
        const own = new Own('ours', { ...facts });
        expect(own).to.be.instanceOf(CriteoError).and.instanceOf(Own).and.instanceOf(base);
        expect(error).not.to.be.instanceOf(Own);
      });

      it('always has the flags, and other properties only if they are given', () => {
        const bare = make({ traceId: undefined, retryAfter: undefined, response: undefined });
        expect(bare.retryable).to.equal(false);
        expect(bare.reauthorize).to.equal(name === 'ReauthorizationRequiredError');
        expect(bare).not.to.have.any.keys('traceId', 'retryAfter', 'response');
        expect(bare).not.to.have.property('cause');
        const given = { retryable: true, traceId: 't-1', retryAfter: 0, response: { status: 500 } };
        expect(make(given)).to.deep.include(given);
      });

      it('keeps the original error as its cause, as any error of JavaScript does', () => {
        const cause = new Error('deeper');
        const usual = Object.getOwnPropertyDescriptor(new Error('It broke', { cause }), 'cause');
        expect(usual).to.include({ value: cause, enumerable: false });
        expect(Object.getOwnPropertyDescriptor(make({ cause }), 'cause')).to.deep.equal(usual);
      });
    });
  }

  it('are instances of CriteoError, and other values are not', () => {
    const alike = Object.assign(new Error('x'), { code: 'timeout', status: 504, retryable: false, reauthorize: false });
    for (const other of [
      alike,
      new TokenError('x', 'invalid_grant'),
      {},
      null,
      undefined,
      7,
      'CriteoError',
      CriteoError,
    ]) {
      expect(other instanceof CriteoError).to.equal(false);
    }
    expect(new CriteoAPIError('x', facts)).not.to.be.instanceOf(ConsentCallbackError);
    expect(new CriteoTokenError('x', facts)).not.to.be.instanceOf(CriteoAPIError);
  });

  it('keep the error URI of OAuth', () => {
    const given: ErrorFacts & { uri: string } = { ...facts, uri: 'https://docs.example.com/e' };
    expect(new CriteoTokenError('x', given)).to.include({ uri: given.uri });
    expect(new CriteoAuthorizationError('x', given)).to.include({ uri: given.uri });
  });

  it('of class ReauthorizationRequiredError always say that consent is needed', () => {
    expect(new ReauthorizationRequiredError('Connect again')).to.include({
      code: 'reauthorization_required',
      status: 401,
      reauthorize: true,
      retryable: false,
    });
    expect(new ReauthorizationRequiredError('Connect again', { reauthorize: false }).reauthorize).to.equal(true);
  });

  it('of class TokenStoreError have a code of the failure', () => {
    const error = new TokenStoreError('The store gave rubbish', { code: 'store_failed', status: 503, retryable: true });
    expect(error).to.include({ name: 'TokenStoreError', code: 'store_failed', status: 503, retryable: true });
    expect(error.stack).to.match(/^TokenStoreError: The store gave rubbish\n/);
  });

  it('of class PendingLoginError have the status 500, because the app is not set up correctly', () => {
    const error = new PendingLoginError('session_missing', 'There is no req.session');
    expect(error).to.be.instanceOf(CriteoError);
    expect(error).to.include({ name: 'PendingLoginError', code: 'session_missing', status: 500, retryable: false });
    expect(error.stack).to.match(/^PendingLoginError: There is no req.session\n/);
  });

  it('of class PendingLoginError are retryable if there are too many pending logins', () => {
    const error = new PendingLoginError('too_many_logins', 'No room');
    expect(error).to.include({ code: 'too_many_logins', status: 429, retryable: true });
  });

  it('of class HookTimeoutError have the code hook_timeout', () => {
    const error = new HookTimeoutError('verify did not answer');
    expect(error).to.be.instanceOf(CriteoError);
    expect(error).to.include({ name: 'HookTimeoutError', code: 'hook_timeout', status: 503, retryable: false });
    expect(error.stack).to.match(/^HookTimeoutError: verify did not answer\n/);
  });
});
