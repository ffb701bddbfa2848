import { expect } from 'chai';
import { CriteoAPIError, CriteoAuthorizationError, CriteoTokenError, CriteoTransportError } from 'passport-criteo';
import { mishap, type Occasion, refusal } from '../../example/failures';

const back: Occasion = { comingBack: true, things: 'advertisers' };
const later: Occasion = { comingBack: false, things: 'advertisers' };

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
      'login_mismatch',
      'issuer_mismatch',
      'login_refused',
    ];
    const titles = codes.map((code) => refusal({ code, message: 'm' }, 'advertisers').title);
    expect(new Set(titles)).to.have.lengthOf(codes.length);
    expect(refusal({ code: 'access_denied', message: 'm' }, 'advertisers').facts).to.deep.equal({
      code: 'access_denied',
      message: 'm',
    });
  });

  it('say "You declined" when Criteo left the state out of the answer', () => {
    const failure = refusal({ code: 'state_missing', error: 'access_denied' }, 'advertisers');
    expect(failure).to.include({ title: 'You declined', status: 403 });
    expect(failure.facts.code).to.equal('state_missing');
  });

  it('exist for what nobody has thought of', () => {
    for (const info of [undefined, null, 'text', [], { code: 7 }, { code: 'new_code' }, { code: 'constructor' }]) {
      expect(refusal(info, 'advertisers').title).to.equal('That link does not work');
    }
    expect(mishap('a string', back)).to.deep.include({ status: 500, facts: { code: 'internal_error' } });
    expect(mishap(new Error('the database says: hush'), back).facts.message).to.equal(undefined);
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
  for (const [what, error, atSignIn, afterwards] of errors) {
    it(`tell ${what} as it is, at sign-in and later`, () => {
      expect(mishap(error, back)).to.include({ title: atSignIn, status: Reflect.get(error, 'status') });
      expect(mishap(error, later).title).to.equal(afterwards);
    });
  }

  it('speak of accounts where Retail Media accounts are shared', () => {
    const withheld = new CriteoAPIError('m', { code: 'forbidden', status: 403, reauthorize: true });
    const pages = [
      refusal({ code: 'no_advertisers' }, 'accounts'),
      mishap(withheld, { comingBack: true, things: 'accounts' }),
    ];
    for (const { title, text } of pages)
      expect(title + text)
        .to.contain('accounts')
        .and.not.contain('advertiser');
  });

  it('pass Criteo’s trace id and waiting time on', () => {
    const error = new CriteoAPIError('m', { code: 'c', status: 503, retryable: true, retryAfter: 12, traceId: 't-1' });
    expect(mishap(error, back).text).to.contain('12 seconds');
    expect(mishap(error, back).facts.traceId).to.equal('t-1');
  });
});
