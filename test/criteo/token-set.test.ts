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
  throw new Error('it was taken');
}

describe('readTokenSet', () => {
  it('is plain JSON, its lifetime counted from when it was asked for', () => {
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

  it('has no refresh token if none came', () => {
    for (const refresh_token of [null, undefined, '']) {
      expect(readTokenSet({ ...right, refresh_token }, asked)).not.to.have.property('refreshToken');
    }
  });

  it('takes the token type in any letter case', () => {
    for (const token_type of ['bearer', 'BEARER', 'Bearer', ' Bearer ']) {
      expect(readTokenSet({ ...right, token_type }, asked).tokenType).to.equal('Bearer');
    }
  });

  for (const [value, milliseconds] of [
    [900, 900_000],
    ['900', 900_000],
    ['900.5', 900_500],
    [1.2345, 1234],
    [1, 1000],
    [31_536_000, 31_536_000_000],
    [undefined, 900_000],
    [null, 900_000],
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
    // RFC 6749 section 7.1.
    ['another token type', { token_type: 'mac' }, 'token_type'],
  ] as const) {
    it(`refuses ${what}, naming the field and no value`, () => {
      const error = refusal({ ...right, ...changes }, 201);
      expect(error).to.include({ code: 'invalid_response', status: 502, retryable: false });
      expect(error).to.deep.include({ response: { status: 201 } });
      expect(error.message).to.include(field);
      expectNoSecret(error, 's3cr3t', '12345678', 'at-1', 'rt-1');
    });
  }

  describe('keeps what is usable of a response that is nearly right, and tells of the field without its value', () => {
    const kept = (changes: object) => {
      const told: [string, string][] = [];
      const tokens = readTokenSet({ ...right, ...changes }, asked, { onOddField: (...args) => told.push(args) });
      return { tokens, told };
    };

    for (const [what, expires_in] of [
      ['a word', 's3cr3t'],
      ['an empty text', ''],
      ['nothing at all (0)', 0],
      ['less than a second', 0.001],
      ['negative', -1],
      ['a negative text', '-900'],
      ['the text NaN', 'NaN'],
      ['not a number', Number.NaN],
      ['infinite', Number.POSITIVE_INFINITY],
      ['longer than a year', 31_536_001],
      ['absurdly large', 1e300],
      ['an absurdly large text', '9'.repeat(400)],
      ['true', true],
      ['an object', { s3cr3t: 1 }],
      ['an array', [900]],
    ] as const) {
      it(`an expires_in that is ${what}: the access token is used for 60 s`, () => {
        const { tokens, told } = kept({ expires_in });
        expect(tokens).to.eql({
          accessToken: 'at-1',
          tokenType: 'Bearer',
          expiresAt: asked + 60_000,
          obtainedAt: asked,
          refreshToken: 'rt-1',
        });
        expect(told.map(([field]) => field)).to.eql(['expires_in']);
        expect(told.join()).to.include('60 s').and.not.include('s3cr3t');
      });
    }

    for (const [what, refresh_token] of [
      ['a number', 12345678],
      ['false', false],
      ['an object', { s3cr3t: 1 }],
      ['text with a line feed', 's3cr3t\n'],
      ['text with a NUL', 's3cr3t\u0000'],
    ] as const) {
      it(`a refresh token that is ${what}: the access token is used without it`, () => {
        const { tokens, told } = kept({ refresh_token });
        expect(tokens).to.include({ accessToken: 'at-1', expiresAt: asked + 900_000 });
        expect(tokens).not.to.have.property('refreshToken');
        expect(told.map(([field]) => field)).to.eql(['refresh_token']);
        expect(told.join()).not.to.match(/s3cr3t|12345678/);
      });
    }

    for (const token_type of [undefined, null, '', 17, ['s3cr3t'], { type: 's3cr3t' }]) {
      it(`a token_type that is ${JSON.stringify(token_type)}: the token is used as Bearer`, () => {
        const { tokens, told } = kept({ token_type });
        expect(tokens).to.include({ accessToken: 'at-1', tokenType: 'Bearer', refreshToken: 'rt-1' });
        expect(told.map(([field]) => field)).to.eql(['token_type']);
        expect(told.join()).not.to.include('s3cr3t');
      });
    }

    it('tells nothing of a response that is right', () => {
      expect(kept({}).told).to.eql([]);
      expect(kept({ expires_in: undefined, refresh_token: null }).told).to.eql([]);
    });
  });

  it('refuses what is not a JSON object', () => {
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
          expect(tokens.expiresAt).to.be.within(asked + 1000, asked + 31_536_000_000);
        } catch (error) {
          expect(error).to.be.instanceOf(CriteoTransportError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
