import { once } from 'node:events';
import { Agent } from 'node:http';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { checkCallbackURL, readOptions } from '../lib/options';
import { signedInUser } from '../lib/state/bound-user';
import { SessionStateStore } from '../lib/state/session-store';

const app = { clientID: 'id', clientSecret: 'secret-value', callbackURL: 'https://app.example.com/cb' };
const read = (options: object = {}) => readOptions({ ...app, ...options });

describe('readOptions', () => {
  it('uses the documented defaults', () => {
    const { settings, wiring } = readOptions(app);
    const { userProfileURL, bindTo, ...others } = settings;
    expect(bindTo).to.equal(signedInUser);
    const { name, callbackURL, skipUserProfile } = wiring;
    const kept = { name: 'criteo', callbackURL: 'https://app.example.com/cb', skipUserProfile: false };
    expect({ name, callbackURL, skipUserProfile }).to.deep.equal(kept);
    expect(others).to.deep.equal({
      clientID: 'id',
      pkce: false,
      service: 'marketing-solutions',
      apiVersion: '2026-07',
      requireUserProfile: undefined,
      timeout: 10_000,
      issuer: 'https://api.criteo.com',
    });
    expect(userProfileURL.href).to.equal('https://api.criteo.com/2026-07/advertisers/me');
    expect(wiring.authorizationURL).to.equal('https://consent.criteo.com/request');
    expect(wiring.tokenURL).to.equal('https://api.criteo.com/oauth2/token');
    expect(wiring.store).to.be.instanceOf(SessionStateStore);
    expect(wiring).to.include({ passReqToCallback: false, agent: undefined, clientSecret: 'secret-value' });
  });

  it('keeps the client secret out of the settings', () => {
    expect(JSON.stringify(readOptions(app).settings)).not.to.include('secret-value');
  });

  it('makes the token and portfolio URLs from apiURL, service and apiVersion', () => {
    const { settings, wiring } = read({
      apiURL: 'http://127.0.0.1:8080/',
      service: 'retail-media',
      apiVersion: '2027-01',
    });
    expect(wiring.tokenURL).to.equal('http://127.0.0.1:8080/oauth2/token');
    expect(settings.userProfileURL.href).to.equal('http://127.0.0.1:8080/2027-01/retail-media/accounts');
  });

  it('rejects a version without Retail Media accounts, unless userProfileURL is set', () => {
    for (const apiVersion of ['preview', 'experimental']) {
      const options = { service: 'retail-media', apiVersion };
      expect(() => read(options)).to.throw(
        TypeError,
        new RegExp(
          `apiVersion cannot be '${apiVersion}' with the service retail-media: .*set the option userProfileURL$`,
        ),
      );
      const userProfileURL = 'https://api.criteo.com/2026-07/retail-media/accounts';
      expect(read({ ...options, userProfileURL }).settings.userProfileURL.href).to.equal(userProfileURL);
      expect(read({ apiVersion }).settings.userProfileURL.href).to.contain(`/${apiVersion}/advertisers/me`);
    }
  });

  it('warns of options of passport-oauth2 that have no effect, and accepts the others', async () => {
    for (const [name, value] of Object.entries({ scope: 'a', scopeSeparator: ',', proxy: true, trustProxy: true })) {
      const warned = once(process, 'warning');
      read({ [name]: value });
      const [warning] = await warned;
      expect(warning).to.include({ code: 'CRITEO_UNUSED_OPTION' });
      expect(warning.message).to.match(new RegExp(`^CriteoStrategy: the option ${name} is not .*Remove it$`));
    }
    expect(read({ pkce: 'S256' }).settings.pkce).to.equal(true);
    expect(() => read({ pkce: 'plain' })).to.throw(TypeError, 'pkce');
    expect(read({ state: true, store: true })).to.be.an('object');
  });

  it('lets the app override each URL', () => {
    const { settings, wiring } = read({
      authorizationURL: 'https://a.example/x',
      tokenURL: 'https://b.example/y',
      userProfileURL: 'https://c.example/z',
    });
    expect(wiring.authorizationURL).to.equal('https://a.example/x');
    expect(wiring.tokenURL).to.equal('https://b.example/y');
    expect(settings.userProfileURL.href).to.equal('https://c.example/z');
  });

  it('accepts the documented values', () => {
    const agent = new Agent();
    const store = { store: (_req: unknown, _callback: unknown) => {}, verify: () => {} };
    const bindTo = () => 'me';
    const skipUserProfile = () => true;
    const { settings, wiring } = read({
      agent,
      store,
      bindTo,
      skipUserProfile,
      timeout: 1,
      issuer: 'https://issuer.example',
      name: 'other',
      requireUserProfile: false,
      passReqToCallback: true,
      state: true,
    });
    expect(wiring).to.include({ agent, store, passReqToCallback: true, skipUserProfile, name: 'other' });
    expect(settings).to.include({ bindTo, timeout: 1, requireUserProfile: false });
    for (const apiVersion of ['2027-01', 'preview', 'experimental']) expect(read({ apiVersion })).to.be.an('object');
  });

  it('accepts PKCE with and without a client secret', () => {
    for (const clientSecret of [undefined, null, '']) {
      expect(read({ pkce: true, clientSecret }).wiring.clientSecret).to.equal(undefined);
    }
    expect(read({ pkce: true }).wiring.clientSecret).to.equal('secret-value');
  });

  it('copies the custom headers', () => {
    const customHeaders = { 'X-Trace': '1', 'X-Many': ['a', 'b'], 'X-Number': 7 };
    const { wiring } = read({ customHeaders });
    expect(wiring.customHeaders).to.deep.equal(customHeaders);
    expect(wiring.customHeaders).not.to.equal(customHeaders);
  });

  const credential = '(must be a non-empty string, as shown in|starts or ends with white space)';
  const endpoint = 'must (be an absolute URL|use https|not )';
  const wrong: [option: string, must: string, ...values: unknown[]][] = [
    ['clientID', credential, undefined, null, '', 7, ' id', 'id\n'],
    ['clientSecret', credential, undefined, null, '', 7, 'secret-value\n', false],
    [
      'callbackURL',
      endpoint,
      undefined,
      null,
      '',
      7,
      '/cb',
      'app.example.com/cb',
      'http://app.example.com/cb',
      'ftp://app.example.com/cb',
      'https://user:secret-value@app.example.com/cb',
      'https://app.example.com/cb#fragment',
      'https://app.example.com/cb#',
      ' https://app.example.com/cb',
      'https:app.example.com/cb',
      'https:\\\\app.example.com',
      'http://localhost.example.com/cb',
      'http://127.0.0.1.example.com/cb',
      'javascript:alert(1)',
    ],
    ['authorizationURL', endpoint, '/request', 'http://consent.example/request', 7],
    ['tokenURL', endpoint, '/oauth2/token', 'http://api.example/token', 7],
    ['userProfileURL', endpoint, '/me', 'http://api.example/me', 7],
    ['apiURL', endpoint, 'api.criteo.com', 'https://api.criteo.com/?v=1', 'http://api.criteo.com', 7],
    ['service', "must be 'marketing-solutions' or 'retail-media'", 'commerce', 7, '', 'Marketing-Solutions'],
    [
      'apiVersion',
      "must be a version like '2026-07', or 'preview' or 'experimental'",
      '2026',
      '2026-13',
      '2026-00',
      '2026-7',
      '2026-07/..',
      'latest',
      '../2026-07',
      7,
      '',
      ['2026-07'],
    ],
    ['pkce', 'must be true or false', 'plain', 1, null],
    ['state', 'cannot be false: state is what protects a login', false],
    ['store', 'cannot be false: state is what protects a login', false],
    [
      'store',
      'must be a state store: an object with the methods store and verify',
      null,
      {},
      { store: () => {} },
      { verify: () => {} },
      7,
      'session',
      // passport-oauth2 would put a store of its own in the place of a function.
      Object.assign(() => {}, { store: () => {}, verify: () => {} }),
    ],
    ['skipUserProfile', 'must be a boolean or a function', 'yes', 1, null],
    ['requireUserProfile', 'must be true or false', 'no', 0, null],
    ['passReqToCallback', 'must be true or false', 'yes', 1, null],
    [
      'timeout',
      'must be a whole number of milliseconds',
      0,
      -1,
      1.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      2 ** 31,
      '10000',
    ],
    ['agent', 'must be an http.Agent or https.Agent', 'agent', 7, true],
    ['issuer', 'must be a non-empty string', '', 7, null],
    ['bindTo', 'must be a function of the request', 'id', null, {}],
    ['sessionKey', '(must|cannot) be ', '', 7, null, '__proto__', 'constructor', 'cookie', 'passport'],
    [
      'customHeaders',
      'must be an object of header names and values that HTTP allows',
      null,
      'X: y',
      [],
      { 'X Y': 'z' },
      { 'X-Bad': 'secret-value\r\nX-Evil: 1' },
      { 'X-None': undefined },
    ],
    ['name', 'must be a non-empty string', '', 7, null],
  ];
  for (const [option, must, ...values] of wrong) {
    for (const value of values) {
      it(`rejects ${option}: ${inspect(value, { breakLength: Number.POSITIVE_INFINITY })}, and says what it must be`, () => {
        const act = () => read({ [option]: value });
        expect(act).to.throw(TypeError, new RegExp(`^CriteoStrategy: the option ${option} ${must}`));
        expect(act).to.throw().with.property('message').that.does.not.include('secret-value');
      });
    }
  }

  it('rejects a store that cannot keep the verifier if pkce is true', () => {
    const store = {
      store: (_req: unknown, _state: unknown, _meta: unknown, _callback: unknown) => {},
      verify: () => {},
    };
    expect(() => read({ pkce: true, store })).to.throw(
      TypeError,
      'store must keep the verifier for pkce: store(req, verifier,',
    );
  });
});

describe('checkCallbackURL', () => {
  it('returns the URL unchanged, because Criteo compares it as text', () => {
    for (const url of ['https://APP.example.com:443/a/../cb?x=%7e', 'http://localhost:3000', 'http://[::1]:3000/cb']) {
      expect(checkCallbackURL(url)).to.equal(url);
    }
  });

  it('names the owner of the option in its error', () => {
    expect(() => checkCallbackURL('/cb', 'authenticate')).to.throw(/^authenticate: the option callbackURL must/);
  });
});
