import { expect } from 'chai';
import fc from 'fast-check';
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
import { foreignText, redact } from '../lib/util/redaction';
import { expectNoSecret } from './support/errors';

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

describe('foreignText', () => {
  it('is nothing where there is no text', () => {
    for (const value of [undefined, null, 1, {}, ['x'], '', '   ', '\u0000\u200b']) {
      expect(foreignText(value)).to.equal(undefined);
    }
  });

  it('has no control or direction characters, and no line ends', () => {
    expect(foreignText('a\r\nb\u0000c\u202ed\u2028e\u001b[31m')).to.equal('a b c d e [31m');
  });

  it('is cut at the limit', () => {
    expect(foreignText('x'.repeat(300))).to.equal('x'.repeat(300));
    expect(foreignText('x'.repeat(301))).to.equal(`${'x'.repeat(300)}…`);
    expect(foreignText('abcdef', [], 3)).to.equal('abc…');
  });

  it('shows nothing of a secret at its cut', () => {
    expect(foreignText(`${'x'.repeat(295)}s3cr3t-s3cr3t`, ['s3cr3t-s3cr3t'])).not.to.include('s3cr');
  });
});

describe('redact', () => {
  const secret = `a+b/c=d&e "f" <g> 'h' \\i ž🐎%41`;
  const percent = encodeURIComponent(secret);

  it('cuts a secret out as it is, everywhere, and leaves the rest', () => {
    expect(redact('the code abc-1 is not abc-1', ['abc-1'])).to.equal('the code [redacted] is not [redacted]');
  });

  it('takes every secret, and none for nothing', () => {
    expect(redact('one two', [undefined, '', 'two', 'one'])).to.equal('[redacted] [redacted]');
    expect(redact('100% of a+b &c', [undefined, '', 'xyz'])).to.equal('100% of a+b &c');
    expect(redact('', ['x'])).to.equal('');
  });

  for (const [what, spelled] of [
    ['percent signs', percent],
    ['lower-case percent signs', percent.replace(/%../g, (it) => it.toLowerCase())],
    [
      'every byte as a percent sign',
      [...Buffer.from(secret)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
    ],
    ['a form', new URLSearchParams([['', secret]]).toString().slice(1)],
    ['percent signs twice', encodeURIComponent(percent)],
    ['JSON', JSON.stringify(secret).slice(1, -1)],
    ['JSON with slashes escaped', JSON.stringify(secret).slice(1, -1).replaceAll('/', '\\/')],
    [
      'JSON with \\u',
      [...Array(secret.length).keys()].map((i) => `\\u${secret.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
    ],
    ['JSON within JSON', JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1)],
    [
      'HTML',
      secret
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;')
        .replaceAll('"', '&quot;')
        .replaceAll("'", '&apos;'),
    ],
    ['HTML with decimal numbers', [...secret].map((char) => `&#${char.codePointAt(0)};`).join('')],
    ['HTML with hexadecimal numbers', [...secret].map((char) => `&#X${char.codePointAt(0)?.toString(16)};`).join('')],
    ['HTML within JSON', JSON.stringify(secret.replaceAll('&', '&amp;').replaceAll('+', '&#43;')).slice(1, -1)],
  ] as const) {
    it(`knows a secret spelled for ${what}`, () => {
      const text = redact(`wrong secret: ${spelled}!`, ['other', secret]);
      expect(text).to.be.oneOf(['[redacted]', 'wrong secret: [redacted]!']);
    });
  }

  it('survives any text and any secret, and never gives the secret back', () => {
    const anything = fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) });
    const escapes = fc.string({ unit: fc.constantFrom('%', '2', '5', 'b', '&', '#', 'x', ';', '\\', 'u', 'a', '+') });
    const text = fc.oneof(anything, escapes);
    const hidden = fc.oneof(anything, escapes).filter((it) => !'[redacted]'.includes(it));
    fc.assert(
      fc.property(text, text, hidden, (before, after, secret) => {
        expect(redact(before + secret + after, [secret])).not.to.include(secret);
      }),
    );
  });

  it('finds any sensible secret in any sensible spelling', () => {
    const unit = fc.constantFrom('a', 'z', '0', '+', '/', '=', '&', '-', '_', '.', '~', '"', "'", '<', ' ', 'ž', '🐎');
    const secret = fc.string({ unit, minLength: 8 }).filter((it) => encodeURIComponent(it) !== it);
    const spelling = fc.constantFrom(
      encodeURIComponent,
      (it: string) => encodeURIComponent(it).toLowerCase(),
      (it: string) => new URLSearchParams([['', it]]).toString().slice(1),
      (it: string) => JSON.stringify(it).slice(1, -1),
    );
    fc.assert(
      fc.property(secret, spelling, spelling, (it, one, other) => {
        const echo = other(one(it));
        expect(redact(`is <${echo}>`, [it]))
          .to.include('[redacted]')
          .and.not.include(it);
      }),
    );
  });

  it('takes its time from the length of the text alone', () => {
    const text = `${'%25'.repeat(80_000)}${'\\u0025'.repeat(40_000)}${'&amp;'.repeat(40_000)}`;
    const start = performance.now();
    redact(text, [text.slice(0, 100_000), 'x'.repeat(100_000), '\\'.repeat(1000)]);
    expect(performance.now() - start).to.be.below(2000);
  });

  it('keeps an error clean that is made of the text', () => {
    const text = foreignText(`bad ${secret} or ${percent.toLowerCase()}`, [secret]) ?? '';
    expectNoSecret(new CriteoAPIError(text, { ...facts }), secret);
  });
});
