import { expect } from 'chai';
import fc from 'fast-check';
import { isPassingStatus, readAPIError, readTokenError, retryAfter } from '../../lib/criteo/error-response';
import { CriteoAPIError, CriteoTokenError, CriteoTransportError } from '../../lib/errors';
import { expectNoSecret } from '../support/errors';

const now = 1_700_000_000_000;
const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  status,
  headers,
  text: typeof body === 'string' ? body : JSON.stringify(body),
});
const envelope = (error: object) => ({ errors: [error], warnings: [] });
const expired = {
  traceId: 'trace-7',
  type: 'access-control',
  code: 'authorization-token-expired',
  title: 'Expired',
  detail: 'The token has expired',
};

describe('isPassingStatus', () => {
  it('is true for statuses that may pass', () => {
    for (const status of [408, 429, 500, 502, 503, 504, 599]) expect(isPassingStatus(status)).to.equal(true);
    for (const status of [200, 400, 401, 403, 404, 410]) expect(isPassingStatus(status)).to.equal(false);
  });
});

describe('retryAfter', () => {
  const wait = (status: number, headers: Record<string, string>) => retryAfter({ status, headers }, now);

  it('returns the time until the limit is reset after a 429', () => {
    expect(wait(429, { 'x-ratelimit-reset': '1700000042' })).to.equal(42);
    expect(retryAfter({ status: 429, headers: { 'x-ratelimit-reset': '1700000042' } }, now + 1)).to.equal(42);
  });

  it('returns 0 if the reset is in the past', () => {
    expect(wait(429, { 'x-ratelimit-reset': '1699999999' })).to.equal(0);
  });

  it('ignores the reset of the limit for other statuses', () => {
    for (const status of [400, 403, 500, 503]) {
      expect(wait(status, { 'x-ratelimit-reset': '1700000042' })).to.equal(undefined);
    }
  });

  it('returns the seconds of Retry-After otherwise', () => {
    expect(wait(503, { 'retry-after': ' 17 ' })).to.equal(17);
    expect(wait(429, { 'retry-after': '17', 'x-ratelimit-reset': 'soon' })).to.equal(17);
  });

  it('returns undefined for header values that are not a number of seconds', () => {
    for (const value of ['', '-1', '1.5', '1e3', 'x', '9'.repeat(13), '17, 18', 'Wed, 21 Oct 2026 07:28:00 GMT']) {
      expect(wait(429, { 'x-ratelimit-reset': value, 'retry-after': value })).to.equal(undefined);
    }
  });

  it('uses the current time by default', () => {
    const reset = String(Math.ceil(Date.now() / 1000) + 100);
    expect(retryAfter({ status: 429, headers: { 'x-ratelimit-reset': reset } })).to.be.within(98, 101);
  });
});

describe('readTokenError', () => {
  const secrets = ['s3cr3t+value/1=', undefined];

  function tokenError(status: number, body: unknown, headers?: Record<string, string>): CriteoTokenError {
    const error = readTokenError(answer(status, body, headers), secrets);
    if (!(error instanceof CriteoTokenError)) throw error;
    return error;
  }

  it('says what is wrong with the client, and where to check it', () => {
    const error = tokenError(401, {
      error: 'invalid_client',
      error_description: 'The client authentication failed',
      error_uri: 'https://developers.criteo.com/e',
    });
    expect(error).to.include({ code: 'invalid_client', status: 500, retryable: false, reauthorize: false });
    expect(error).to.include({ uri: 'https://developers.criteo.com/e' });
    expect(error).to.deep.include({ response: { status: 401 } });
    expect(error.message).to.equal(
      'Criteo refused the token request: invalid_client (The client authentication failed). ' +
        'Check clientID and clientSecret against the Criteo Partners Portal.',
    );
  });

  for (const [code, advice] of [
    ['credentials_no_longer_supported', 'create a new key pair in the Criteo Partners Portal, and use its clientID'],
    ['unauthorized_client', 'check in the Criteo Partners Portal which grant the app was created for'],
    ['unsupported_grant_type', 'check in the Criteo Partners Portal which grant the app was created for'],
    ['invalid_request', 'the option pkce must match the PKCE switch of the app'],
    ['invalid_scope', 'Criteo uses no scopes: remove scope'],
    ['app_on_holiday', 'This word is not in Criteo’s documents. Check the app and its key pair'],
  ] as const) {
    it(`gives advice on ${code}`, () => {
      const error = tokenError(400, { error: code });
      expect(error).to.include({ code, status: 500, retryable: false, reauthorize: false });
      expect(error.message).to.include(`: ${code}. `).and.include(advice);
    });
  }

  it('keeps a known error code even if a secret is part of it', () => {
    const { code } = readTokenError(answer(400, { error: 'credentials_no_longer_supported' }), ['longer']);
    expect(code).to.equal('credentials_no_longer_supported');
  });

  it('reads only the part of a long description that it shows', () => {
    const body = { error: 'invalid_request', error_description: `Too long: ${'+'.repeat(8_000_000)}` };
    const text = JSON.stringify(body);
    const start = performance.now();
    JSON.parse(text);
    const parsing = performance.now() - start;
    const { message } = tokenError(400, text);
    expect(message.length).to.be.below(600);
    // It took seconds if the escapes of the whole text were decoded, layer by layer.
    expect(performance.now() - start).to.be.below(10 * parsing + 300);
  });

  it('says that the user must consent again if the grant has expired', () => {
    const error = tokenError(400, { error: 'invalid_grant' });
    expect(error).to.include({ code: 'invalid_grant', status: 401, retryable: false, reauthorize: true });
    expect(error.message).to.include('consent again');
  });

  it('reports an expired grant as not retryable with every status', () => {
    for (const status of [429, 500, 503]) {
      expect(tokenError(status, { error: 'invalid_grant' })).to.include({ reauthorize: true, retryable: false });
    }
  });

  it('reports an error that may pass as retryable', () => {
    for (const [status, error] of [
      [400, 'temporarily_unavailable'],
      [400, 'server_error'],
      [429, 'slow_down'],
      [503, 'invalid_request'],
    ] as const) {
      expect(tokenError(status, { error })).to.include({ code: error, status: 503, retryable: true });
    }
    const wait = tokenError(429, { error: 'slow_down' }, { 'retry-after': '9' });
    expect(wait).to.include({ retryAfter: 9, message: 'Criteo refused the token request: slow_down.' });
  });

  it('reads the envelope of the API', () => {
    const error = tokenError(400, envelope(expired));
    expect(error).to.include({ code: 'authorization-token-expired', traceId: 'trace-7' });
    expect(error.message).to.include('(The token has expired)');
  });

  it('returns a CriteoTransportError for a response that names no error', () => {
    for (const [status, body, ours, retryable] of [
      [200, '<html>s3cr3t+value/1=</html>', 502, false],
      [400, '', 502, false],
      [400, 'null', 502, false],
      [400, [], 502, false],
      [400, { error: { code: 1 } }, 502, false],
      [400, { error: '' }, 502, false],
      [400, { error: 'has spaces' }, 502, false],
      [400, { error: 'x'.repeat(65) }, 502, false],
      [400, { errors: [] }, 502, false],
      [400, { errors: 'x' }, 502, false],
      [400, { errors: [null] }, 502, false],
      [502, '<html>', 503, true],
      [429, '', 503, true],
    ] as const) {
      const error = readTokenError(answer(status, body), secrets);
      expect(error).to.be.instanceOf(CriteoTransportError);
      expect(error).to.include({ code: 'invalid_response', status: ours, retryable });
      expect(error).to.deep.include({ response: { status } });
      expect(error.message).to.include(String(status));
      expectNoSecret(error, 's3cr3t+value/1=');
    }
  });

  it('shows no secret, wherever the response repeats it', () => {
    const secret = 's3cr3t+value/1=';
    for (const echo of [
      secret,
      encodeURIComponent(secret),
      encodeURIComponent(secret).toLowerCase(),
      's3cr3t&#43;value&#x2F;1=',
    ]) {
      for (const body of [
        { error: 'invalid_grant', error_description: `bad ${echo}`, error_uri: `https://x/?s=${echo}` },
        { error: echo },
        envelope({ code: echo, type: echo, detail: echo, title: echo, traceId: echo, traceIdentifier: echo }),
        envelope({ code: 'x', detail: `bad ${echo}` }),
        `{"error":"invalid_grant","error_description":"s3cr3t\\u002bvalue\\/1="}`,
        `<p>${echo}</p>`,
      ]) {
        expectNoSecret(readTokenError(answer(400, body), secrets), secret);
      }
    }
  });

  it('does not use a repeated secret as the code', () => {
    expect(readTokenError(answer(400, { error: 'word-secret' }), ['word-secret'])).to.include({
      code: 'invalid_response',
    });
  });

  it('keeps the codes of OAuth even if a secret is part of one', () => {
    for (const code of ['invalid_request', 'invalid_client', 'invalid_grant', 'unauthorized_client', 'invalid_scope']) {
      expect(readTokenError(answer(400, { error: code }), ['c', 'invalid'])).to.include({ code });
    }
  });

  it('returns an error with a message, status and code for any response', () => {
    const field = fc.oneof(fc.jsonValue(), fc.string());
    const entry = fc.record(
      { code: field, type: field, detail: field, title: field, traceId: field },
      { requiredKeys: [] },
    );
    const shaped = fc.record(
      {
        error: field,
        error_description: field,
        error_uri: field,
        errors: fc.oneof(field, fc.array(fc.oneof(entry, field))),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 599 }), fc.oneof(shaped, fc.jsonValue()), (status, body) => {
        const error = readTokenError(answer(status, body), secrets);
        expect(error instanceof CriteoTokenError || error instanceof CriteoTransportError).to.equal(true);
        expect(error.message).not.to.equal('');
        expect(error.status).to.be.within(400, 599);
        expect(error.code).to.match(/^[\w.-]{1,64}$/);
      }),
      { numRuns: 300 },
    );
  });
});

describe('readAPIError', () => {
  for (const [status, code, ours, retryable, reauthorize, words] of [
    [400, 'unexpected_status', 502, false, false, /responded with 400$/],
    [401, 'authorization-token-invalid', 502, false, false, /access token/],
    [403, 'forbidden', 403, false, true, /consent/],
    [404, 'not-found', 500, false, false, /apiVersion/],
    [410, 'gone', 500, false, false, /apiVersion/],
    [429, 'too-many-requests', 503, true, false, /rate limit/],
    [500, 'internal-error', 503, true, false, /responded with 500$/],
    [503, 'internal-error', 503, true, false, /responded with 503$/],
  ] as const) {
    it(`explains status ${status} if the body does not`, () => {
      const error = readAPIError(answer(status, '<html>'), []);
      expect(error).to.be.instanceOf(CriteoAPIError);
      expect(error).to.include({ code, status: ours, retryable, reauthorize });
      expect(error).to.deep.include({ response: { status } });
      expect(error.message).to.match(words);
    });
  }

  it('shows the detail of the body, and reads the trace id by both names', () => {
    const error = readAPIError(answer(401, envelope(expired)), []);
    expect(error).to.include({ code: 'authorization-token-expired', traceId: 'trace-7' });
    expect(error.message).to.include('(The token has expired)');
    const other = readAPIError(
      answer(403, envelope({ traceIdentifier: 'trace-8', type: 'access-control', title: 'No' })),
      [],
    );
    expect(other).to.include({ code: 'access-control', traceId: 'trace-8' });
    expect(other.message).to.include('(No)');
  });

  it('keeps trace ids that look like tokens', () => {
    const traceId = '550e8400-e29b-41d4-a716-446655440000';
    expect(readAPIError(answer(500, envelope({ ...expired, traceId })), []).traceId).to.equal(traceId);
    expect(readAPIError(answer(500, envelope({ ...expired, traceId })), [`x${traceId}y`]).traceId).to.equal(undefined);
  });

  it('names the option service if the app may belong to the other service', () => {
    const body = envelope({ code: 'insufficient-permissions', title: 'The app has no Retail Media permissions' });
    expect(readAPIError(answer(403, body), []).message).to.equal(
      "Criteo's API responded with 403: consent is missing or was revoked, or the app belongs to the other service (check the " +
        'option service) (The app has no Retail Media permissions)',
    );
  });

  it('reports how long to wait', () => {
    const error = readAPIError(answer(429, '', { 'x-ratelimit-reset': '1700000030' }), [], now);
    expect(error).to.include({ retryAfter: 30 });
  });

  it('shows no token, wherever the response repeats it', () => {
    const token = 'ey.s3cr3t-token';
    for (const body of [
      envelope({ code: token, detail: `bad ${token}`, traceId: token }),
      envelope({ type: token, title: encodeURIComponent(token) }),
      token,
    ]) {
      expectNoSecret(readAPIError(answer(401, body), [token]), token);
    }
  });
});
