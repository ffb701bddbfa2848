import { expect } from 'chai';
import fc from 'fast-check';
import { readTokenSet } from '../../lib/criteo/token-set';
import { CriteoTransportError } from '../../lib/errors';
import { expectNoSecret } from '../support/errors';

const right = { access_token: 'at-1', token_type: 'Bearer', expires_in: 900, refresh_token: 'rt-1' };
const asked = 1_700_000_000_000;

function refusal(body: unknown, status?: number): CriteoTransportError {
  try {
    readTokenSet(body, asked, status);
  } catch (error) {
    if (error instanceof CriteoTransportError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('readTokenSet', () => {
  it('is plain JSON, its life counted from when it was asked for', () => {
    const tokens = readTokenSet(Object.freeze({ ...right, scope: 'x' }), asked);
    const expected = {
      accessToken: 'at-1',
      tokenType: 'Bearer',
      expiresAt: asked + 900_000,
      obtainedAt: asked,
      refreshToken: 'rt-1',
    };
    expect(tokens).to.eql(expected);
    expect(JSON.parse(JSON.stringify(tokens))).to.eql(expected);
  });

  it('has no refresh token where none came', () => {
    for (const refresh_token of [null, undefined, '']) {
      expect(readTokenSet({ ...right, refresh_token }, asked)).not.to.have.property('refreshToken');
    }
  });

  it('takes the token type in any letter case', () => {
    for (const token_type of ['bearer', 'BEARER', 'Bearer']) {
      expect(readTokenSet({ ...right, token_type }, asked).tokenType).to.equal('Bearer');
    }
  });

  for (const [value, milliseconds] of [
    [900, 900_000],
    ['900', 900_000],
    ['900.5', 900_500],
    [1.2345, 1234],
    [0, 0],
    [undefined, 900_000],
    [null, 900_000],
    [1e300, 315_360_000_000],
    [Number.POSITIVE_INFINITY, 315_360_000_000],
    ['9'.repeat(400), 315_360_000_000],
  ] as const) {
    it(`understands an expires_in of ${String(value).slice(0, 20)}`, () => {
      const { expiresAt } = readTokenSet({ ...right, expires_in: value }, asked);
      expect(expiresAt - asked).to.equal(milliseconds);
      expect(Number.isInteger(expiresAt)).to.equal(true);
    });
  }

  for (const [what, changes, field] of [
    ['no access token', { access_token: undefined }, 'access_token'],
    ['an access token that is null', { access_token: null }, 'access_token'],
    ['an empty access token', { access_token: '' }, 'access_token'],
    ['a number as access token', { access_token: 123456789 }, 'access_token'],
    ['an object as access token', { access_token: { token: 's3cr3t' } }, 'access_token'],
    ['an array as access token', { access_token: ['s3cr3t'] }, 'access_token'],
    ['a line end in the access token', { access_token: 's3cr3t\r\nX: y' }, 'access_token'],
    ['a trailing line end in the access token', { access_token: 's3cr3t\n' }, 'access_token'],
    ['white space in the access token', { access_token: 's3cr3t token' }, 'access_token'],
    ['a NUL in the access token', { access_token: 's3cr3t\u0000' }, 'access_token'],
    ['more than ASCII in the access token', { access_token: 's3cr3tž' }, 'access_token'],
    ['no token type', { token_type: undefined }, 'token_type'],
    ['another token type', { token_type: 'mac' }, 'token_type'],
    ['a list of token types', { token_type: ['Bearer'] }, 'token_type'],
    ['a word as expires_in', { expires_in: 'soon' }, 'expires_in'],
    ['an empty expires_in', { expires_in: '' }, 'expires_in'],
    ['a negative expires_in', { expires_in: -1 }, 'expires_in'],
    ['a negative text as expires_in', { expires_in: '-1' }, 'expires_in'],
    ['an expires_in that is no number', { expires_in: Number.NaN }, 'expires_in'],
    ['true as expires_in', { expires_in: true }, 'expires_in'],
    ['an object as expires_in', { expires_in: {} }, 'expires_in'],
    ['a number as refresh token', { refresh_token: 12345678 }, 'refresh_token'],
    ['false as refresh token', { refresh_token: false }, 'refresh_token'],
    ['a line end in the refresh token', { refresh_token: 's3cr3t\n' }, 'refresh_token'],
    ['an object as refresh token', { refresh_token: {} }, 'refresh_token'],
  ] as const) {
    it(`refuses ${what}, naming the field and no value`, () => {
      const error = refusal({ ...right, ...changes }, 201);
      expect(error).to.include({ code: 'invalid_response', status: 502, retryable: false });
      expect(error).to.deep.include({ response: { status: 201 } });
      expect(error.message).to.include(field);
      expectNoSecret(error, 's3cr3t', '12345678', 'at-1', 'rt-1');
    });
  }

  it('refuses what is no JSON object', () => {
    for (const body of [null, undefined, [], [right], 'at-1', 1, true]) {
      expect(refusal(body).message).to.equal("Criteo's token response is not a JSON object");
      expect(refusal(body)).to.deep.include({ response: { status: 200 } });
    }
  });

  it('either gives whole tokens or fails as it should, whatever the body', () => {
    const field = fc.oneof(fc.jsonValue(), fc.constantFrom('Bearer', 'at-1', 900));
    const shaped = fc.record(
      { access_token: field, token_type: field, expires_in: field, refresh_token: field },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), shaped), (body) => {
        try {
          const tokens = readTokenSet(body, asked);
          expect(tokens.accessToken).to.match(/^[\x21-\x7e]+$/);
          expect(tokens.expiresAt).to.be.within(asked, asked + 315_360_000_000);
        } catch (error) {
          expect(error).to.be.instanceOf(CriteoTransportError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
