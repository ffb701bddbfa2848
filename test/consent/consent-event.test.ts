import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import fc from 'fast-check';
import { type ConsentEvent, signConsentCallback, verifyConsentCallback } from '../../lib';
import { ConsentCallbackError } from '../../lib/errors';

const secret = 'test-signing-secret';
const denial = '{"Type":"ConsentDenied","AcceptedScopes":[]}';
const denialSignature =
  '6f81991ff4c3e93dd8fc5f1623b5f7d23e1a05be1747f08b62239732a6d01bc694f932c4999ee2aa20633b58b44406ee2c9f7537924dd3d3f2d09bde9511ba42';

/** The error that a call throws: one of ours, or the test fails. */
function errorOf(call: () => unknown): ConsentCallbackError {
  try {
    call();
  } catch (error) {
    if (error instanceof ConsentCallbackError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The event in a body that is signed well. */
function read(body: string | Uint8Array): ConsentEvent {
  return verifyConsentCallback(body, createHmac('sha512', secret).update(body).digest('hex'), secret);
}

describe('signConsentCallback', () => {
  it('signs the test vector', () => {
    expect(signConsentCallback(denial, secret)).to.equal(denialSignature);
    expect(signConsentCallback(Buffer.from(denial), secret)).to.equal(denialSignature);
  });

  it('refuses a body or a secret of the wrong type', () => {
    const sign = signConsentCallback as (body: unknown, secret?: unknown) => string;
    expect(() => sign({}, secret)).to.throw(TypeError, 'signConsentCallback: body must be a string or a Buffer');
    expect(() => sign(denial, '')).to.throw(TypeError, 'signConsentCallback: the option secret must be');
    expect(() => sign(denial)).to.throw(TypeError, 'signConsentCallback: the option secret must be');
    expect(() => sign(denial, ' padded ')).to.throw(TypeError, 'white space');
  });
});

describe('verifyConsentCallback', () => {
  it('reads the test vector', () => {
    expect(verifyConsentCallback(Buffer.from(denial), denialSignature, secret)).to.deep.equal({
      id: '7e5cda1eb3fee05444111532d134dfe2268cf09bafe893b5a2e097d9fcc99f43',
      type: 'ConsentDenied',
      acceptedScopes: [],
      advertisers: [],
      accounts: [],
      body: { Type: 'ConsentDenied', AcceptedScopes: [] },
    });
  });

  describe('the signature', () => {
    const other = signConsentCallback(denial, 'another-secret');
    const refused: [string, unknown, string][] = [
      ['missing', undefined, 'signature_missing'],
      ['missing in a web request', null, 'signature_missing'],
      ['an empty header', '', 'signature_missing'],
      ['a list', [denialSignature], 'signature_malformed'],
      ['a repeated header', `${denialSignature}, ${denialSignature}`, 'signature_malformed'],
      ['preceded by white space', ` ${denialSignature}`, 'signature_malformed'],
      ['followed by a line end', `${denialSignature}\n`, 'signature_malformed'],
      ['preceded by sha512=', `sha512=${denialSignature}`, 'signature_malformed'],
      ['an odd number of digits', denialSignature.slice(1), 'signature_malformed'],
      ['too few digits', denialSignature.slice(2), 'signature_malformed'],
      ['too many digits', `${denialSignature}00`, 'signature_malformed'],
      ['a character that is not a hex digit', `g${denialSignature.slice(1)}`, 'signature_malformed'],
      ['digits of another script', `٠${denialSignature.slice(1)}`, 'signature_malformed'],
      ['base64', Buffer.from(denialSignature, 'hex').toString('base64'), 'signature_malformed'],
      ['a SHA-256 signature', createHmac('sha256', secret).update(denial).digest('hex'), 'signature_malformed'],
      ['a megabyte', 'a'.repeat(1_000_000), 'signature_malformed'],
      ['a number', 42, 'signature_malformed'],
      ['an object', { length: 128 }, 'signature_malformed'],
      ['zeros', '0'.repeat(128), 'signature_mismatch'],
      ['different in its first digit', `7${denialSignature.slice(1)}`, 'signature_mismatch'],
      ['different in its last digit', `${denialSignature.slice(0, -1)}3`, 'signature_mismatch'],
      ['made with another secret', other, 'signature_mismatch'],
    ];
    for (const [what, signature, code] of refused) {
      it(`is refused if it is ${what}`, () => {
        const error = errorOf(() => verifyConsentCallback(denial, signature as string, secret));
        expect(error).to.include({ code, status: 401, retryable: false, name: 'ConsentCallbackError' });
        expect(error.message).not.to.equal('');
      });
    }

    it('may be in either letter case', () => {
      expect(verifyConsentCallback(denial, denialSignature.toUpperCase(), secret).type).to.equal('ConsentDenied');
    });

    it('covers every byte of the body', () => {
      for (const changed of [`${denial} `, ` ${denial}`, `\uFEFF${denial}`, denial.replace('Denied', 'denied'), '']) {
        expect(errorOf(() => verifyConsentCallback(changed, denialSignature, secret)).code).to.equal(
          'signature_mismatch',
        );
      }
    });

    it('is checked before the body is parsed', () => {
      expect(errorOf(() => verifyConsentCallback('not JSON', denialSignature, secret)).code).to.equal(
        'signature_mismatch',
      );
    });

    it('may be made with any of several secrets', () => {
      expect(verifyConsentCallback(denial, denialSignature, ['new', secret]).type).to.equal('ConsentDenied');
      expect(verifyConsentCallback(denial, denialSignature, [secret, 'old']).type).to.equal('ConsentDenied');
      expect(errorOf(() => verifyConsentCallback(denial, denialSignature, ['new', 'old'])).code).to.equal(
        'signature_mismatch',
      );
    });
  });

  describe('the secret', () => {
    for (const [wrong, message] of [
      ['', 'the option secret must be a non-empty string'],
      [undefined, 'the option secret must be a non-empty string'],
      [null, 'the option secret must be a non-empty string'],
      [[], 'the option secret is an empty list'],
      [[secret, ''], 'the option secret[1] must be a non-empty string'],
      [`${secret}\n`, 'the option secret starts or ends with white space'],
    ] as [unknown, string][]) {
      it(`may not be ${JSON.stringify(wrong)}`, () => {
        expect(() => verifyConsentCallback(denial, denialSignature, wrong as string))
          .to.throw(TypeError, message)
          .with.property('message')
          .that.does.not.include(secret);
      });
    }

    it('is never shown in an error', () => {
      for (const signature of [undefined, 'x', '0'.repeat(128)]) {
        const error = errorOf(() => verifyConsentCallback(denial, signature, [secret, 'previous-secret']));
        expect(`${inspect(error, { showHidden: true })}${JSON.stringify(error)}`).not.to.match(
          /test-signing|previous-secret/,
        );
      }
    });
  });

  describe('the body', () => {
    for (const [what, body] of [
      ['a parsed object', { Type: 'ConsentDenied', AcceptedScopes: [] }],
      ['undefined', undefined],
      ['null', null],
      ['a list of bytes', [...Buffer.from(denial)]],
      ['a serialised Buffer', Buffer.from(denial).toJSON()],
      ['an object that inherits from Uint8Array', Object.create(Uint8Array.prototype)],
    ]) {
      it(`cannot be ${what}, and the error says what is wrong and how to fix it`, () => {
        const error = errorOf(() => verifyConsentCallback(body as string, denialSignature, secret));
        expect(error).to.include({ code: 'raw_body_missing', status: 500 });
        expect(error.message).to.match(/raw body .* missing.*body parser.*bytes as received/);
      });
    }

    it('may be bytes of another realm, such as that of a test runner', () => {
      const bytes = runInNewContext(`Uint8Array.of(${[...Buffer.from(denial)]})`);
      expect(verifyConsentCallback(bytes, denialSignature, secret).type).to.equal('ConsentDenied');
    });

    it('may be a view into a larger buffer', () => {
      const large = new Uint8Array(Buffer.from(`xx${denial}xx`));
      expect(verifyConsentCallback(large.subarray(2, -2), denialSignature, secret).type).to.equal('ConsentDenied');
    });

    for (const [what, body, why] of [
      ['empty', '', 'is not JSON'],
      ['white space', ' \n', 'is not JSON'],
      ['cut off', denial.slice(0, -1), 'is not JSON'],
      ['two documents', denial + denial, 'is not JSON'],
      ['a form', 'Type=ConsentDenied', 'is not JSON'],
      ['two byte order marks', `\uFEFF\uFEFF${denial}`, 'is not JSON'],
      ['UTF-16', Buffer.from(denial, 'utf16le'), 'is not JSON'],
      ['not UTF-8', Buffer.from([...Buffer.from('{"Type":"'), 0xff, ...Buffer.from('"}')]), 'is not UTF-8'],
      ['cut off within a character', Buffer.from('{"Type":"é"}').subarray(0, 10), 'is not UTF-8'],
      [
        'a surrogate in UTF-8',
        Buffer.from([...Buffer.from('{"Type":"'), 0xed, 0xa0, 0x80, 0x22, 0x7d]),
        'is not UTF-8',
      ],
      ['null', 'null', 'is not a JSON object'],
      ['a number', '42', 'is not a JSON object'],
      ['a string', '"ConsentGranted"', 'is not a JSON object'],
      ['a list', `[${denial}]`, 'is not a JSON object'],
      ['an object without Type', '{"AcceptedScopes":[]}', 'has no Type'],
      ['an object with an empty Type', '{"Type":""}', 'has no Type'],
      ['an object with a numeric Type', '{"Type":1}', 'has no Type'],
      ['an object with a list of Types', '{"Type":["ConsentGranted"]}', 'has no Type'],
      ['an object with a Type in its prototype', '{"__proto__":{"Type":"ConsentGranted"}}', 'has no Type'],
    ] as [string, string | Uint8Array, string][]) {
      it(`is malformed if it is ${what}`, () => {
        const error = errorOf(() => read(body));
        expect(error).to.include({ code: 'invalid_body', status: 400 });
        expect(error.message).to.equal(`The body of the consent callback ${why}.`);
        expect(error.cause).to.equal(undefined);
      });
    }

    it('may start with a byte order mark', () => {
      expect(read(`\uFEFF${denial}`).type).to.equal('ConsentDenied');
      expect(read(Buffer.from(`\uFEFF${denial}`)).type).to.equal('ConsentDenied');
    });

    it('may be nested deeply', () => {
      const depth = 200_000;
      expect(read(`{"Type":"T","x":${'['.repeat(depth)}${']'.repeat(depth)}}`).type).to.equal('T');
    });
  });

  describe('the event', () => {
    it('has the advertisers and permissions of Marketing Solutions', () => {
      const body = {
        Type: 'ConsentGranted',
        State: 'user-42',
        AcceptedScopes: ['MarketingSolutions_Campaign_Read'],
        Advertisers: ['13', '1352'],
      };
      const { id, ...event } = read(JSON.stringify(body));
      expect(id).to.match(/^[0-9a-f]{64}$/);
      expect(event).to.deep.equal({
        type: 'ConsentGranted',
        state: 'user-42',
        acceptedScopes: ['MarketingSolutions_Campaign_Read'],
        advertisers: [{ id: '13' }, { id: '1352' }],
        accounts: [],
        body,
      });
    });

    it('has the accounts and permissions of Retail Media', () => {
      const event = read(
        '{"Type":"ConsentGranted","AcceptedScopes":["RetailMedia_Accounts_Manage"],"Accounts":[{"id":"7"}]}',
      );
      expect(event).to.deep.include({ accounts: [{ id: '7' }], advertisers: [] });
    });

    it('has an id that depends on the bytes of the body only', () => {
      const { id } = read(denial);
      expect(read(Buffer.from(denial)).id).to.equal(id);
      expect(verifyConsentCallback(denial, signConsentCallback(denial, 'new'), 'new').id).to.equal(id);
      expect(read(`${denial}\n`).id).not.to.equal(id);
      expect(read(`\uFEFF${denial}`).id).not.to.equal(id);
    });

    it('may have a type that is not known yet', () => {
      expect(read('{"Type":"ConsentRevoked"}')).to.deep.include({ type: 'ConsentRevoked', acceptedScopes: [] });
    });

    const states: [string, string | undefined][] = [
      ['{"Type":"T","State":"a"}', 'a'],
      ['{"Type":"T","state":"a"}', 'a'],
      ['{"Type":"T","STATE":"a"}', 'a'],
      ['{"Type":"T","sTaTe":"a"}', 'a'],
      ['{"Type":"T","state":"b","State":"a"}', 'a'],
      ['{"Type":"T","State":"a","state":"b"}', 'a'],
      ['{"Type":"T","State":"b","State":"a"}', 'a'],
      ['{"Type":"T","State":42}', '42'],
      ['{"Type":"T","State":18446744073709551616}', '18446744073709551616'],
      ['{"Type":"T"}', undefined],
      ['{"Type":"T","State":""}', undefined],
      ['{"Type":"T","State":null}', undefined],
      ['{"Type":"T","State":{"a":1}}', undefined],
      ['{"Type":"T","State":["a"]}', undefined],
      ['{"Type":"T","State":true}', undefined],
      ['{"Type":"T","State":1.5}', undefined],
      ['{"Type":"T","__proto__":{"State":"a"}}', undefined],
      ['{"Type":"T","constructor":{"State":"a"}}', undefined],
    ];
    for (const [body, state] of states) {
      it(`has ${state === undefined ? 'no state' : `state ${state}`} from ${body}`, () => {
        const event = read(body);
        expect(event.state).to.equal(state);
        expect('state' in event).to.equal(state !== undefined);
      });
    }

    const lists: [string, string[]][] = [
      ['["13","1352"]', ['13', '1352']],
      ['[13,1352]', ['13', '1352']],
      ['[{"id":"13"},{"Id":1352},{"ID":"7","name":"x"}]', ['13', '1352', '7']],
      ['[{"id":"13","Id":"14"}]', ['13']],
      ['[18446744073709551616]', ['18446744073709551616']],
      ['[9007199254740993, -9007199254740993]', ['9007199254740993', '-9007199254740993']],
      ['[{"id":18446744073709551617},{"id":18446744073709551616}]', ['18446744073709551617', '18446744073709551616']],
      [
        '[9007199254740993,"say \\"9007199254740993\\", 9007199254740993"]',
        ['9007199254740993', 'say "9007199254740993", 9007199254740993'],
      ],
      ['[9007199254740993,0.12345678901234567,1e30,1234567890123456.5,12345678901234567E2]', ['9007199254740993']],
      ['[null,true,[],["13"],{},{"id":null},{"id":{}},{"id":""},"",1.5,1e400]', []],
      ['[{"__proto__":{"id":"13"}},{"constructor":"13"}]', []],
      ['[]', []],
      ['null', []],
      ['"13"', []],
      ['{"0":"13","length":1}', []],
    ];
    for (const member of ['Advertisers', 'Accounts'] as const) {
      for (const [list, ids] of lists) {
        it(`reads ${member} ${list} as ${JSON.stringify(ids)}`, () => {
          const event = read(`{"Type":"ConsentGranted","${member}":${list}}`);
          const found = member === 'Advertisers' ? event.advertisers : event.accounts;
          expect(found).to.deep.equal(ids.map((id) => ({ id })));
        });
      }
    }

    it('finds large numbers in a large body', () => {
      const text = JSON.stringify({ note: `${'"\\x'.repeat(500_000)}`, Type: 'T', Accounts: [1] });
      expect(read(text.replace('[1]', '[18446744073709551616]')).accounts).to.deep.equal([
        { id: '18446744073709551616' },
      ]);
    });

    for (const [scopes, expected] of [
      ['["a","b"]', ['a', 'b']],
      ['["a",1,null,["b"]]', ['a']],
      ['null', []],
      ['"a"', []],
      ['{"0":"a"}', []],
    ] as [string, string[]][]) {
      it(`reads the scopes ${scopes} as ${JSON.stringify(expected)}`, () => {
        expect(read(`{"Type":"T","AcceptedScopes":${scopes}}`).acceptedScopes).to.deep.equal(expected);
      });
    }

    it('has the parsed body, unchanged, and changes no prototype', () => {
      const text =
        '{"Type":"T","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"extra":[1,{"a":null}]}';
      const event = read(text);
      expect(JSON.stringify(event.body)).to.equal(text);
      expect(Object.getPrototypeOf(event)).to.equal(Object.prototype);
      expect(Object.getPrototypeOf(event.body)).to.equal(Object.prototype);
      expect('polluted' in {}).to.equal(false);
    });
  });

  it('accepts whatever JSON was signed, and throws no errors but its own', () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.dictionary(fc.constantFrom('Type', 'State', 'Advertisers', 'Accounts', 'AcceptedScopes'), fc.jsonValue()),
        (any, shaped) => {
          for (const body of [any, JSON.stringify(shaped)]) {
            try {
              const event = read(body);
              expect(JSON.stringify(event.body)).to.equal(JSON.stringify(JSON.parse(body)));
              for (const { id } of [...event.advertisers, ...event.accounts])
                expect(id).to.be.a('string').and.not.equal('');
            } catch (error) {
              expect(error).to.be.instanceOf(ConsentCallbackError).with.property('status', 400);
            }
          }
        },
      ),
    );
  });
});

describe('verifyConsentCallback, with a signature of the right length,', () => {
  it('refuses it as malformed if one character is not a hex digit', () => {
    for (const signature of [`${'0'.repeat(127)}g`, `g${'0'.repeat(127)}`]) {
      expect(() => verifyConsentCallback('{}', signature, 'signing'))
        .to.throw(ConsentCallbackError)
        .that.includes({ code: 'signature_malformed', status: 401 });
    }
  });

  it('is named in the error about a wrong secret', () => {
    expect(() => verifyConsentCallback('{}', '0'.repeat(128), '')).to.throw(
      TypeError,
      /^verifyConsentCallback: the option secret/,
    );
  });
});
