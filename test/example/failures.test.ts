import { expect } from 'chai';
import { CriteoAPIError, CriteoAuthorizationError, CriteoTokenError, CriteoTransportError } from 'passport-criteo';
import { failureOfError, failureOfInfo, type Occasion } from '../../example/failures';

const back: Occasion = { comingBack: true, things: 'advertisers' };
const later: Occasion = { comingBack: false, things: 'advertisers' };

describe('The example’s failure pages', () => {
  it('have a different title for every failure code', () => {
    const codes = [
      'access_denied',
      'no_advertisers',
      'state_expired',
      'state_missing',
      'state_unknown',
      'user_changed',
      'login_mismatch',
      'issuer_mismatch',
      'login_refused',
    ];
    const titles = codes.map((code) => failureOfInfo({ code, message: 'm' }, 'advertisers').title);
    expect(new Set(titles)).to.have.lengthOf(codes.length);
    expect(failureOfInfo({ code: 'access_denied', message: 'm' }, 'advertisers').facts).to.deep.equal({
      code: 'access_denied',
      message: 'm',
    });
  });

  it('say "You declined" if Criteo left the state out of the callback', () => {
    const failure = failureOfInfo({ code: 'state_missing', error: 'access_denied' }, 'advertisers');
    expect(failure).to.include({ title: 'You declined', status: 403 });
    expect(failure.facts.code).to.equal('state_missing');
  });

  it('exist for unknown codes and errors', () => {
    for (const info of [undefined, null, 'text', [], { code: 7 }, { code: 'new_code' }, { code: 'constructor' }]) {
      expect(failureOfInfo(info, 'advertisers').title).to.equal('That link does not work');
    }
    expect(failureOfError('a string', back)).to.deep.include({ status: 500, facts: { code: 'internal_error' } });
    expect(failureOfError(new Error('the database says: hush'), back).facts.message).to.equal(undefined);
  });

  const errors: [string, Error, string, string][] = [
    [
      'an expired code or refresh token',
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
      'a timeout',
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
      'a malformed response',
      new CriteoTransportError('m', { code: 'invalid_response', status: 502 }),
      'Criteo cannot be reached',
      'Criteo cannot be reached',
    ],
    [
      'an error of the consent page',
      new CriteoAuthorizationError('m', { code: 'server_error', status: 503, retryable: true }),
      'Criteo cannot be reached',
      'Criteo cannot be reached',
    ],
  ];
  for (const [what, error, atSignIn, afterwards] of errors) {
    it(`explain ${what} at sign-in and later`, () => {
      expect(failureOfError(error, back)).to.include({ title: atSignIn, status: Reflect.get(error, 'status') });
      expect(failureOfError(error, later).title).to.equal(afterwards);
    });
  }

  it('name accounts, not advertisers, for Retail Media', () => {
    const withheld = new CriteoAPIError('m', { code: 'forbidden', status: 403, reauthorize: true });
    const pages = [
      failureOfInfo({ code: 'no_advertisers' }, 'accounts'),
      failureOfError(withheld, { comingBack: true, things: 'accounts' }),
    ];
    for (const { title, text } of pages)
      expect(title + text)
        .to.contain('accounts')
        .and.not.contain('advertiser');
  });

  it('contain Criteo’s trace id and waiting time', () => {
    const error = new CriteoAPIError('m', { code: 'c', status: 503, retryable: true, retryAfter: 12, traceId: 't-1' });
    expect(failureOfError(error, back).text).to.contain('12 seconds');
    expect(failureOfError(error, back).facts.traceId).to.equal('t-1');
  });
});
