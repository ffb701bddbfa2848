import { expect } from 'chai';
import { CriteoAPIError, CriteoAuthorizationError, CriteoTokenError, CriteoTransportError } from 'passport-criteo';
import { mishap, refusal } from '../../example/failures';

describe('The example’s words for failures', () => {
  it('differ for every way a sign-in can be refused', () => {
    const codes = [
      'access_denied',
      'no_advertisers',
      'state_expired',
      'state_missing',
      'state_unknown',
      'session_missing',
      'user_changed',
      'issuer_mismatch',
      'login_refused',
    ];
    const titles = codes.map((code) => refusal({ code, message: 'm' }).title);
    expect(new Set(titles)).to.have.lengthOf(codes.length);
    expect(refusal({ code: 'access_denied', message: 'm' }).facts).to.deep.equal({
      code: 'access_denied',
      message: 'm',
    });
  });

  it('say "You declined" when Criteo left the state out of the answer', () => {
    const failure = refusal({ code: 'state_missing', error: 'access_denied' });
    expect(failure).to.include({ title: 'You declined', status: 403 });
    expect(failure.facts.code).to.equal('state_missing');
  });

  it('exist for what nobody has thought of', () => {
    for (const info of [undefined, null, 'text', [], { code: 7 }, { code: 'new_code' }, { code: 'constructor' }]) {
      expect(refusal(info).title).to.equal('That link does not work');
    }
    expect(mishap('a string', true)).to.deep.include({ status: 500, facts: { code: 'internal_error' } });
    expect(mishap(new Error('the database says: hush'), true).facts.message).to.equal(undefined);
  });

  const errors: [string, Error, string, string][] = [
    [
      'a dead code or refresh token',
      new CriteoTokenError('m', { code: 'invalid_grant', status: 401, reauthorize: true }),
      'That took a moment too long',
      'The connection has ended',
    ],
    [
      'a revoked consent',
      new CriteoAPIError('m', { code: 'forbidden', status: 403, reauthorize: true }),
      'Criteo did not show your advertisers',
      'The connection has ended',
    ],
    [
      'wrong credentials',
      new CriteoTokenError('m', { code: 'invalid_client', status: 500 }),
      'This app is not set up correctly',
      'This app is not set up correctly',
    ],
    [
      'silence',
      new CriteoTransportError('m', { code: 'timeout', status: 504, retryable: true }),
      'Criteo took too long',
      'Criteo took too long',
    ],
    [
      'a rate limit',
      new CriteoAPIError('m', { code: 'too-many-requests', status: 503, retryable: true, retryAfter: 12 }),
      'Too many requests',
      'Too many requests',
    ],
    [
      'an outage',
      new CriteoAPIError('m', { code: 'internal-error', status: 503, retryable: true }),
      'Criteo cannot be reached',
      'Criteo cannot be reached',
    ],
    [
      'an answer that makes no sense',
      new CriteoTransportError('m', { code: 'invalid_response', status: 502 }),
      'Criteo cannot be reached',
      'Criteo cannot be reached',
    ],
    [
      'trouble on the consent page',
      new CriteoAuthorizationError('m', { code: 'server_error', status: 503, retryable: true }),
      'Criteo cannot be reached',
      'Criteo cannot be reached',
    ],
  ];
  for (const [what, error, atSignIn, later] of errors) {
    it(`tell ${what} as it is, at sign-in and later`, () => {
      expect(mishap(error, true)).to.include({ title: atSignIn, status: Reflect.get(error, 'status') });
      expect(mishap(error, false).title).to.equal(later);
    });
  }

  it('pass Criteo’s trace id and waiting time on', () => {
    const error = new CriteoAPIError('m', { code: 'c', status: 503, retryable: true, retryAfter: 12, traceId: 't-1' });
    expect(mishap(error, true).text).to.contain('12 seconds');
    expect(mishap(error, true).facts.traceId).to.equal('t-1');
  });
});
