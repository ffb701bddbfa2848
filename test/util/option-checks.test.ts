import http from 'node:http';
import https from 'node:https';
import { expect } from 'chai';
import {
  checkAgent,
  checkBase,
  checkCount,
  checkCredential,
  checkEndpoint,
  checkTimeout,
  defaults,
  isLoopback,
  optionError,
} from '../../lib/util/option-checks';

describe('optionError', () => {
  it('names the owner, the option, and what it must be', () => {
    const error = optionError('CriteoClient', 'timeout', 'must be short');
    expect(error).to.be.instanceOf(TypeError);
    expect(error.message).to.equal('CriteoClient: the option timeout must be short');
  });
});

describe('checkCredential', () => {
  it('returns a string as it is', () => {
    for (const value of ['x', 'a+b/c=', 'with space inside', 'žluť']) {
      expect(checkCredential('A', 'clientSecret', value)).to.equal(value);
    }
  });

  it('refuses values that are not strings', () => {
    for (const value of [undefined, null, '', 0, 1, true, {}, ['x'], Symbol('x')]) {
      expect(() => checkCredential('A', 'clientSecret', value)).to.throw(
        TypeError,
        'A: the option clientSecret must be',
      );
    }
  });

  it('refuses white space at the start or end, without showing the value', () => {
    for (const value of [' s3cr3t', 's3cr3t\n', 's3cr3t\r\n', '\ufeffs3cr3t', '\t']) {
      expect(() => checkCredential('A', 'clientSecret', value))
        .to.throw(TypeError, 'white space')
        .with.property('message')
        .that.does.not.include('s3cr3t');
    }
  });
});

describe('isLoopback', () => {
  it('is true for the names of this machine', () => {
    for (const host of ['localhost', 'app.localhost', '127.0.0.1', '127.10.20.255', '[::1]']) {
      expect(isLoopback(host), host).to.equal(true);
    }
  });

  it('is false for names that look similar', () => {
    for (const host of [
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'evil-127.0.0.1',
      '1127.0.0.1',
      '127.0.0',
      '127.0.0.0.1',
      'notlocalhost',
      '128.0.0.1',
      '[::2]',
      'evil[::1]',
      '[::1].evil.example',
      '0.0.0.0',
      '',
    ]) {
      expect(isLoopback(host), host).to.equal(false);
    }
  });
});

describe('checkEndpoint', () => {
  const check = (value: unknown): URL => checkEndpoint('A', 'tokenURL', value);

  it('accepts https for every host, and http for this machine', () => {
    for (const value of [
      'https://api.criteo.com/oauth2/token',
      'HTTPS://API.CRITEO.COM',
      'http://localhost:3000/x?y=z',
      'http://127.0.0.1:3000',
      'http://[::1]:3000/',
      'http://127.1/',
    ]) {
      expect(check(value).href).to.equal(new URL(value).href);
    }
  });

  for (const [what, values, text] of [
    [
      'what is no absolute URL',
      [
        undefined,
        null,
        '',
        1,
        {},
        'x',
        '/path',
        '//host/path',
        'https://',
        'https:host',
        'https:///host',
        'https:\\\\host',
        ' https://host',
        'https://host /',
        'https://a b',
        'https://host/a b',
        'https://host/path ',
        'https://host/path\n',
        'https://host/a\\b',
        'https://[::1',
        'ftp://host',
        'ftp://localhost',
        'javascript:1',
        new URL('https://host'),
      ],
      'must be an absolute URL',
    ],
    ['http elsewhere', ['http://api.criteo.com', 'http://127.0.0.1.evil.example', 'http://10.0.0.1'], 'must use https'],
    [
      'credentials',
      ['https://user:s3cr3t@host/', 'https://user@host/', 'https://:s3cr3t@host/'],
      'user name or password',
    ],
    ['a fragment', ['https://host/#s3cr3t', 'https://host/#'], 'fragment'],
  ] as const) {
    it(`refuses ${what}, and names the option without showing the value`, () => {
      for (const value of values) {
        expect(() => check(value), String(value))
          .to.throw(
            TypeError,
            `A: the option tokenURL ${text === 'must be an absolute URL' || text === 'must use https' ? text : 'must not'}`,
          )
          .with.property('message')
          .that.includes(text)
          .and.does.not.include('s3cr3t');
      }
    });
  }
});

describe('checkBase', () => {
  const check = (value: unknown): string => checkBase('A', 'apiURL', value);

  it('returns the URL without the slashes at its end, so that paths can be appended', () => {
    for (const [value, expected] of [
      ['https://api.criteo.com', 'https://api.criteo.com'],
      ['https://api.criteo.com/', 'https://api.criteo.com'],
      ['https://proxy.example//criteo/api//', 'https://proxy.example//criteo/api'],
      ['http://127.0.0.1:3000/', 'http://127.0.0.1:3000'],
    ] as const) {
      expect(check(value)).to.equal(expected);
    }
  });

  it('refuses a query, even an empty one', () => {
    for (const value of ['https://host/?a=1', 'https://host?', 'https://host/path/?']) {
      expect(() => check(value), value).to.throw(TypeError, 'A: the option apiURL must not have a query');
    }
  });

  it('refuses a URL that secrets must not be sent to', () => {
    expect(() => check('http://127.0.0.1.evil.example')).to.throw(TypeError, 'A: the option apiURL must use https');
  });
});

describe('checkTimeout', () => {
  it('accepts whole milliseconds that a timer can hold', () => {
    for (const value of [1, defaults.timeout, 2 ** 31 - 1]) expect(checkTimeout('A', value)).to.equal(value);
  });

  it('refuses everything else', () => {
    for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '1000', null, undefined, 10n]) {
      expect(() => checkTimeout('A', value)).to.throw(
        TypeError,
        'A: the option timeout must be a whole number of milli',
      );
    }
  });
});

describe('checkCount', () => {
  it('accepts whole numbers above 0, and refuses everything else', () => {
    expect(checkCount('A', 'limit', 1)).to.equal(1);
    for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1', null, undefined]) {
      expect(() => checkCount('A', 'limit', value)).to.throw(TypeError, 'A: the option limit must be a whole number');
    }
  });
});

describe('checkAgent', () => {
  const check = (value: unknown): unknown => checkAgent('A', value as http.Agent | undefined);

  it('accepts agents of node, objects like them, and undefined', () => {
    const agent = new http.Agent();
    expect(check(agent)).to.equal(agent);
    expect(check(https.globalAgent)).to.equal(https.globalAgent);
    const proxy = { addRequest: () => {} };
    expect(check(proxy)).to.equal(proxy);
    expect(check(undefined)).to.equal(undefined);
    expect(check(null)).to.equal(undefined);
  });

  it('refuses what node would refuse at the first request', () => {
    for (const value of [{}, false, true, 'http://proxy', [], () => {}]) {
      expect(() => check(value)).to.throw(TypeError, 'A: the option agent must be an http.Agent');
    }
  });
});
