import { expect } from 'chai';
import fc from 'fast-check';
import { readCallback } from '../../lib/login/callback-parameters';

const read = (request: object): unknown => Reflect.apply(readCallback, undefined, [request]);

describe('readCallback', () => {
  const startRequests: [string, object][] = [
    ['an empty request', {}],
    ['an empty query', { query: {} }],
    ['other parameters', { query: { tenant: '1', error_description: 'x', iss: 'y' } }],
    ['inherited parameters', { query: Object.create({ code: 'c', state: 's' }) }],
    ['a query that is not an object', { query: 'code=c', body: null }],
    ['an array', { query: ['code'], body: ['state'] }],
    ['a body of bytes', { body: Buffer.from('code=c') }],
    ['a URL without query', { url: '/cb' }],
    ['a URL with an empty query', { url: '/cb?#code=c' }],
    ['a URL with a query in its fragment', { url: '/cb#x?code=c' }],
    ['a URL whose path looks like a query', { url: '/code=c&state=s' }],
  ];
  for (const [name, request] of startRequests) {
    it(`reads ${name} as the start of a login`, () => {
      expect(read(request)).to.equal(undefined);
    });
  }

  const callbacks: [string, object, object][] = [
    ['a code', { query: { code: 'c', state: 's', other: 'x' } }, { code: 'c', state: 's' }],
    ['an empty code', { query: { code: '' } }, { code: '' }],
    ['a state alone', { query: { state: '' } }, { state: '' }],
    [
      'an error',
      { query: { error: 'e', error_description: 'd\r\n', error_uri: 'u', iss: 'i' } },
      { error: 'e', error_description: 'd\r\n', error_uri: 'u', iss: 'i' },
    ],
    ['a query without a prototype', { query: Object.assign(Object.create(null), { code: 'c' }) }, { code: 'c' }],
    ['its own parameters only', { query: Object.assign(Object.create({ state: 's' }), { code: 'c' }) }, { code: 'c' }],
    ['an undefined value', { query: { code: undefined, state: 's' } }, { state: 's' }],
    ['a form body', { query: {}, body: { code: 'c', state: 's' } }, { code: 'c', state: 's' }],
    ['a query before a body', { query: { state: 'q' }, body: { code: 'c', state: 'b' } }, { state: 'q' }],
    ['a URL', { url: '/cb?code=c%20d&state=s+t' }, { code: 'c d', state: 's t' }],
    ['a URL beside an empty query', { query: {}, url: '/cb?code=c' }, { code: 'c' }],
    ['a value of the maximum length', { query: { code: 'x'.repeat(4096) } }, { code: 'x'.repeat(4096) }],
  ];
  for (const [name, request, expected] of callbacks) {
    it(`reads ${name}`, () => {
      expect(read(request)).to.deep.equal(expected);
    });
  }

  const malformed: [string, object, string][] = [
    ['a parameter that appears twice', { query: { code: ['a', 'b'], state: 's' } }, 'code'],
    ['a parameter that appears twice in the URL', { url: '/cb?state=a&state=b' }, 'state'],
    ['a parameter that appears three times in the URL', { url: '/cb?state=a&state=b&state=c' }, 'state'],
    ['an object as value', { query: { state: { a: 'b' } } }, 'state'],
    ['null as value', { body: { code: null } }, 'code'],
    ['a number as value', { body: { code: 7 } }, 'code'],
    ['a value of 64 KiB', { query: { state: 's', code: 'x'.repeat(65_536) } }, 'code'],
    ['a long description', { query: { error: 'e', error_description: 'x'.repeat(4097) } }, 'error_description'],
    ['a control character in a code', { query: { code: 'a\u0000b', state: 's' } }, 'code'],
    ['a line break in a state', { query: { state: 'a\r\nb' } }, 'state'],
    ['an escape character in an error', { query: { error: '\u001b[31m' } }, 'error'],
    ['a control character in an issuer', { query: { code: 'c', iss: '\u0085' } }, 'iss'],
  ];
  for (const [name, request, parameter] of malformed) {
    it(`reports the parameter as malformed for ${name}`, () => {
      expect(read(request)).to.deep.equal({ malformed: parameter });
    });
  }

  it('reads no parameter from __proto__', () => {
    for (const request of [
      { url: '/cb?__proto__=x&state=s' },
      { body: JSON.parse('{"__proto__":{"code":"c"},"state":"s"}') },
    ]) {
      expect(read(request)).to.deep.equal({ state: 's' });
    }
  });

  it('never throws, and returns strings of limited length only, for any request', () => {
    fc.assert(
      fc.property(
        fc.record({ query: fc.anything(), body: fc.anything(), url: fc.string() }, { requiredKeys: [] }),
        (request) => {
          for (const value of Object.values(Object(read(request)))) {
            expect(value).to.be.a('string').with.property('length').that.is.at.most(4096);
          }
        },
      ),
    );
  });
});
