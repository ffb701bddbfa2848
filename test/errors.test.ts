import { expect } from 'chai';
import { AuthorizationError, InternalOAuthError, TokenError } from 'passport-oauth2';
import {
  ConsentCallbackError,
  CriteoAPIError,
  CriteoAuthorizationError,
  CriteoTokenError,
  CriteoTransportError,
  type ErrorFacts,
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
  ] as const) {
    describe(name, () => {
      it('is an error with name, message and stack, of the class that people catch', () => {
        const error = make({});
        expect(error).to.be.instanceOf(Error).and.instanceOf(base);
        expect(error).to.include({ name, message: 'It broke', code: 'timeout', status: 504 });
        expect(error.stack).to.match(new RegExp(`^${name}: It broke\\n.*errors.test`));
        expect(String(error)).to.equal(`${name}: It broke`);
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
    expect(error).to.include({ name: 'HookTimeoutError', code: 'hook_timeout', status: 503, retryable: false });
    expect(error.stack).to.match(/^HookTimeoutError: verify did not answer\n/);
  });
});
