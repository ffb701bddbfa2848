import { expect } from 'chai';
import fc from 'fast-check';
import { readTokenSet } from '../../lib/criteo/token-set';
import { CriteoTransportError } from '../../lib/errors';
import { expectNoSecret } from '../support/errors';

const right = { access_token: 'at-1', token_type: 'Bearer', expires_in: 900, refresh_token: 'rt-1' };
const asked = 1_700_000_000_000;

function refusal(body: unknown, status?: number): CriteoTransportError {
  try {
    readTokenSet(body, asked, { status });
  } catch (error) {
    if (error instanceof CriteoTransportError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('readTokenSet', () => {
  it('returns plain JSON whose lifetime counts from the request', () => {
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

  it('returns no refresh token if the response has none', () => {
    for (const refresh_token of [null, undefined, '']) {
      expect(readTokenSet({ ...right, refresh_token }, asked)).not.to.have.property('refreshToken');
    }
  });

  it('accepts the token type in any letter case', () => {
    for (const token_type of ['bearer', 'BEARER', 'Bearer', ' Bearer ']) {
      expect(readTokenSet({ ...right, token_type }, asked).tokenType).to.equal('Bearer');
    }
  });

  for (const [value, milliseconds] of [
    [900, 900_000],
    ['900', 900_000],
    ['900.25', 900_250],
    [1.2345, 1234],
    [1, 1000],
    [31_536_000, 31_536_000_000],
    [undefined, 900_000],
    [null, 900_000],
  ] as const) {
    it(`reads an expires_in of ${typeof value === 'string' ? `'${value}'` : value}`, () => {
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
    ['a line break in the access token', { access_token: 's3cr3t\r\nX: y' }, 'access_token'],
    ['a trailing line break in the access token', { access_token: 's3cr3t\n' }, 'access_token'],
    ['white space in the access token', { access_token: 's3cr3t token' }, 'access_token'],
    ['a NUL in the access token', { access_token: 's3cr3t\u0000' }, 'access_token'],
    ['a character outside ASCII in the access token', { access_token: 's3cr3tž' }, 'access_token'],
    // RFC 6749 section 7.1.
    ['another token type', { token_type: 'mac' }, 'token_type'],
  ] as const) {
    it(`rejects ${what} with an error that names the field, not its value`, () => {
      const error = refusal({ ...right, ...changes }, 201);
      expect(error).to.include({ code: 'invalid_response', status: 502, retryable: false });
      expect(error).to.deep.include({ response: { status: 201 } });
      expect(error.message).to.include(field);
      expectNoSecret(error, 's3cr3t', '12345678', 'at-1', 'rt-1');
    });
  }

  describe('accepts a response with one wrong field, and reports the field without its value:', () => {
    const kept = (changes: object) => {
      const reported: [string, string][] = [];
      const tokens = readTokenSet({ ...right, ...changes }, asked, { onOddField: (...args) => reported.push(args) });
      return { tokens, reported };
    };

    for (const [what, expires_in] of [
      ['a word', 's3cr3t'],
      ['an empty string', ''],
      ['0', 0],
      ['less than a second', 0.001],
      ['negative', -1],
      ['a negative number in a string', '-900'],
      ['a number with an exponent in a string', '1e3'],
      ['the string NaN', 'NaN'],
      ['NaN', Number.NaN],
      ['infinite', Number.POSITIVE_INFINITY],
      ['longer than a year', 31_536_001],
      ['extremely large', 1e300],
      ['an extremely large number in a string', '9'.repeat(400)],
      ['true', true],
      ['an object', { s3cr3t: 1 }],
      ['an array', [900]],
    ] as const) {
      it(`an expires_in that is ${what}: the access token is used for 60 s`, () => {
        const { tokens, reported } = kept({ expires_in });
        expect(tokens).to.eql({
          accessToken: 'at-1',
          tokenType: 'Bearer',
          expiresAt: asked + 60_000,
          obtainedAt: asked,
          refreshToken: 'rt-1',
        });
        expect(reported.map(([field]) => field)).to.eql(['expires_in']);
        expect(reported.join()).to.include('60 s').and.not.include('s3cr3t');
      });
    }

    for (const [what, refresh_token] of [
      ['a number', 12345678],
      ['false', false],
      ['an object', { s3cr3t: 1 }],
      ['a string with a line feed', 's3cr3t\n'],
      ['a string with a NUL', 's3cr3t\u0000'],
    ] as const) {
      it(`a refresh token that is ${what}: the access token is used without it`, () => {
        const { tokens, reported } = kept({ refresh_token });
        expect(tokens).to.include({ accessToken: 'at-1', expiresAt: asked + 900_000 });
        expect(tokens).not.to.have.property('refreshToken');
        expect(reported.map(([field]) => field)).to.eql(['refresh_token']);
        expect(reported.join()).not.to.match(/s3cr3t|12345678/);
      });
    }

    for (const token_type of [undefined, null, '', 17, ['s3cr3t'], { type: 's3cr3t' }]) {
      it(`a token_type that is ${JSON.stringify(token_type)}: the token is used as Bearer`, () => {
        const { tokens, reported } = kept({ token_type });
        expect(tokens).to.include({ accessToken: 'at-1', tokenType: 'Bearer', refreshToken: 'rt-1' });
        expect(reported.map(([field]) => field)).to.eql(['token_type']);
        expect(reported.join()).to.include('used as Bearer').and.not.include('s3cr3t');
      });
    }

    it('reports nothing for a correct response', () => {
      expect(kept({}).reported).to.eql([]);
      for (const refresh_token of [undefined, null, '']) {
        expect(kept({ expires_in: undefined, refresh_token }).reported).to.eql([]);
      }
    });
  });

  it('rejects a body that is not a JSON object', () => {
    for (const body of [null, undefined, [], [right], 'at-1', 1, true]) {
      expect(refusal(body).message).to.equal("Criteo's token response is not a JSON object");
      expect(refusal(body)).to.deep.include({ response: { status: 200 } });
    }
  });

  it('returns complete tokens or throws a CriteoTransportError for any body', () => {
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
          expect(tokens.expiresAt).to.be.within(asked + 1000, asked + 31_536_000_000);
        } catch (error) {
          expect(error).to.be.instanceOf(CriteoTransportError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
