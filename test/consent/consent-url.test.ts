import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { type ConsentURLOptions, createConsentURL } from '../../lib';

const vector = {
  key: 'pub-key-123',
  secret: 'test-signing-secret',
  timestamp: 1_700_000_000,
  state: 'user-42',
  redirectURI: 'https://app.example.com/criteo/return',
};
const signed = (query: string): string => createHmac('sha512', vector.secret).update(query).digest('hex');

/** What JavaScript callers may pass. */
const createWith = (options: object): string => createConsentURL({ ...vector, ...options } as ConsentURLOptions);

describe('createConsentURL', () => {
  it('signs the test vector', () => {
    expect(createConsentURL(vector)).to.equal(
      'https://consent.criteo.com/request?key=pub-key-123&timestamp=1700000000&state=user-42' +
        '&redirect-uri=https://app.example.com/criteo/return' +
        '&signature=1ff24d47a459eecce71b916e6c30fd9cfa46dc4fff71e4567310965a76df185464f48c8af3317ff9f9a5a3ea28a28fa1f6b5cf6af3a5f0bed8eb956a2eb01e8e',
    );
  });

  it('does not change its options', () => {
    expect(() => createConsentURL(Object.freeze({ ...vector }))).not.to.throw();
  });

  describe('timestamp', () => {
    const stampOf = (timestamp: unknown): string | null =>
      new URL(createWith({ timestamp })).searchParams.get('timestamp');

    it('is the current time, in whole seconds, by default', () => {
      const before = Math.floor(Date.now() / 1000);
      const stamp = Number(stampOf(undefined));
      expect(stamp).to.be.within(before, Math.floor(Date.now() / 1000));
    });

    it('may be a Date, which is cut to whole seconds', () => {
      expect(stampOf(new Date(1_700_000_000_999))).to.equal('1700000000');
    });

    for (const wrong of [1_700_000_000.5, 1_700_000_000_000, 0, -1, Number.NaN, '1700000000', null, new Date('?')]) {
      it(`may not be ${typeof wrong} ${wrong}`, () => {
        expect(() => stampOf(wrong)).to.throw(TypeError, /timestamp .*whole seconds/);
      });
    }
  });

  describe('values that would be changed on the way', () => {
    const characters = [
      [' ', 'a space (U+0020)'],
      ['\t', 'a tab (U+0009)'],
      ['\n', 'a line feed (U+000A)'],
      ['\r', 'a carriage return (U+000D)'],
      ['\0', 'the character (U+0000)'],
      ['\x7f', 'the character (U+007F)'],
      ['\u00a0', 'the character (U+00A0)'],
      ['\u202e', 'the character (U+202E)'],
      ['\ud800', 'the character (U+D800)'],
      ['é', '"é" (U+00E9)'],
      ['😀', '"😀" (U+1F600)'],
      ...[...'&#+%\'"<>`{}|\\^'].map((c) => [c, `"${c}" (U+00${c.charCodeAt(0).toString(16).toUpperCase()})`]),
    ] as [string, string][];
    for (const [character, name] of characters) {
      it(`are refused, with the name of the character: ${name}`, () => {
        const query = /contains .* which cannot be signed/;
        for (const option of ['state', 'key', 'redirectURI']) {
          const value = option === 'redirectURI' ? `https://a.example/${character}b` : `a${character}b`;
          expect(() => createWith({ [option]: value }))
            .to.throw(TypeError, query)
            .with.property('message')
            .that.includes(`createConsentURL: the option ${option} contains ${name}`);
        }
      });
    }

    it('are refused with advice', () => {
      expect(() => createWith({ state: '{"user":42}' })).to.throw(TypeError, /use letters, digits/);
      expect(() => createWith({ redirectURI: 'https://a.example/?a=1&b=2' })).to.throw(TypeError, /under the state/);
    });

    it('are all refused: a URL parser changes none of the accepted ones', () => {
      const safe = fc.string({ minLength: 1, unit: fc.constantFrom(...'azAZ09-._~!$()*,;=:@/?[]') });
      fc.assert(
        fc.property(safe, safe, (state, path) => {
          const redirectURI = `https://app.example.com/${path}`;
          const url = createWith({ state, redirectURI });
          const parsed = new URL(url);
          expect(parsed.href).to.equal(url);
          expect(parsed.searchParams.get('state')).to.equal(state);
          expect(parsed.searchParams.get('redirect-uri')).to.equal(redirectURI);
          const [query, signature] = parsed.search.split('&signature=');
          expect(signature).to.equal(signed(query ?? ''));
        }),
      );
    });

    it('are found for every character of Latin-1', () => {
      let refused = 0;
      for (let code = 0; code < 256; code += 1) {
        const state = `a${String.fromCharCode(code)}b`;
        try {
          expect(new URL(createWith({ state })).searchParams.get('state')).to.equal(state);
        } catch (error) {
          expect(error).to.be.instanceOf(TypeError);
          refused += 1;
        }
      }
      // 62 letters and digits, and 18 others, pass.
      expect(256 - refused).to.equal(80);
    });
  });

  describe('redirectURI', () => {
    for (const fine of [
      'https://app.example.com',
      'https://app.example.com:8443/a?b=c',
      'http://localhost:3000/back',
      'http://127.0.0.1/back',
      'http://[::1]:3000/back',
    ]) {
      it(`may be ${fine}`, () => {
        expect(createWith({ redirectURI: fine })).to.include(`&redirect-uri=${fine}&signature=`);
      });
    }
    for (const wrong of [
      'http://app.example.com/back',
      'http://localhost.example.com/back',
      '/back',
      'app.example.com/back',
      'https:app.example.com',
      'javascript:alert(1)',
      'https://user:password@app.example.com/',
      'https://app.example.com/#top',
      'https://',
      '',
      undefined,
      null,
      42,
    ]) {
      it(`may not be ${wrong === '' ? 'empty' : wrong}`, () => {
        expect(() => createWith({ redirectURI: wrong })).to.throw(
          TypeError,
          /createConsentURL: the option redirectURI/,
        );
      });
    }
  });

  describe('consentURL', () => {
    it('replaces the page, not the query', () => {
      const url = createWith({ consentURL: 'http://127.0.0.1:4000/request' });
      expect(url).to.match(/^http:\/\/127\.0\.0\.1:4000\/request\?key=pub-key-123&/);
    });
    for (const wrong of [
      'http://consent.example.com/',
      'https://a.example/?x=1',
      'https://a.example/#x',
      'request',
      7,
    ]) {
      it(`may not be ${wrong}`, () => {
        expect(() => createWith({ consentURL: wrong })).to.throw(TypeError, /createConsentURL: the option consentURL/);
      });
    }
  });

  for (const option of ['key', 'secret', 'state']) {
    for (const wrong of [undefined, null, '', 42, {}]) {
      it(`refuses ${JSON.stringify(wrong)} as ${option}`, () => {
        expect(() => createWith({ [option]: wrong })).to.throw(TypeError, `createConsentURL: the option ${option}`);
      });
    }
  }

  it('refuses to be called without options', () => {
    expect(() => (createConsentURL as (options?: unknown) => string)()).to.throw(TypeError, 'the option key');
  });

  it('says that a secret starts or ends with white space, and does not show it', () => {
    expect(() => createWith({ secret: 'hush-hush\n' }))
      .to.throw(TypeError, /the option secret starts or ends with white space/)
      .with.property('message')
      .that.does.not.include('hush');
  });

  it('never shows the secret in an error', () => {
    for (const [option, wrong] of Object.entries({ state: 'a b', redirectURI: 'x', timestamp: 'x', consentURL: 'x' })) {
      expect(() => createWith({ [option]: wrong, secret: 'hush-hush' }))
        .to.throw(TypeError)
        .with.property('stack')
        .that.does.not.include('hush');
    }
  });
});
