import http from 'node:http';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { CriteoOAuth2, formFields } from '../../lib/criteo/node-oauth';
import { CriteoTokenError, CriteoTransportError } from '../../lib/errors';
import { expectNoSecret } from '../support/errors';
import { answer, answers, type Loopback, opener } from '../support/loopback';

const secret = 's3cr3t+of/the=app';
const token = 'ey.s3cr3t-access+token';
const success = { access_token: 'at-1', token_type: 'Bearer', expires_in: 900, refresh_token: 'rt-1', scope: 'x' };

/** Returns the arguments of node-oauth's callback. */
function called(call: (callback: (...answer: unknown[]) => void) => void): Promise<unknown[]> {
  return new Promise((resolve) => call((...answer) => resolve(answer)));
}

describe('CriteoOAuth2', () => {
  const open = opener();
  const base = (server: Loopback): [string, string, string, string, string] => [
    'id-1',
    secret,
    '',
    `${server.origin}/request`,
    `${server.origin}/oauth2/token`,
  ];

  function oauth2Of(server: Loopback, headers?: http.OutgoingHttpHeaders): CriteoOAuth2 {
    const oauth2 = new CriteoOAuth2(...base(server), headers);
    oauth2.useTransport({ timeout: 1000 });
    return oauth2;
  }

  const exchangeOf = (oauth2: CriteoOAuth2, code: string, params: object | null = {}): Promise<unknown[]> =>
    called((callback) => oauth2.getOAuthAccessToken(code, params, callback));

  describe('getOAuthAccessToken', () => {
    it('exchanges a code, and calls back like node-oauth', async () => {
      const server = await open(answers(answer(200, success)));
      const params = Object.freeze({ grant_type: 'authorization_code', redirect_uri: 'https://a.example/cb' });
      const { refresh_token, ...rest } = success;
      expect(await exchangeOf(oauth2Of(server), 'c+1', params)).to.eql([null, 'at-1', refresh_token, rest]);
      expect(Object.fromEntries(new URLSearchParams(server.received[0]?.body))).to.eql({
        ...params,
        code: 'c+1',
        client_id: 'id-1',
        client_secret: secret,
      });
    });

    it('refreshes tokens if grant_type is refresh_token', async () => {
      const server = await open(answers(answer(200, { ...success, refresh_token: null })));
      const [error, accessToken, refreshToken] = await exchangeOf(oauth2Of(server), 'rt+0', {
        grant_type: 'refresh_token',
      });
      expect([error, accessToken, refreshToken]).to.eql([null, 'at-1', undefined]);
      const form = new URLSearchParams(server.received[0]?.body);
      expect(form.get('refresh_token')).to.equal('rt+0');
      expect(form.has('code')).to.equal(false);
    });

    it('works without parameters', async () => {
      const server = await open(answers(answer(200, success)));
      const oauth2 = oauth2Of(server);
      expect((await called((callback) => oauth2.getOAuthAccessToken('c', callback)))[1]).to.equal('at-1');
      expect((await exchangeOf(oauth2, 'c', null))[1]).to.equal('at-1');
    });

    it('does not let parameters override credentials or code', async () => {
      const server = await open(answers(answer(200, success)));
      await exchangeOf(oauth2Of(server), 'right', { client_id: 'wrong', client_secret: 'wrong', code: 'wrong' });
      const form = new URLSearchParams(server.received[0]?.body);
      expect([form.getAll('client_id'), form.getAll('client_secret'), form.getAll('code')]).to.eql([
        ['id-1'],
        [secret],
        ['right'],
      ]);
    });

    it('sends no client secret if there is none', async () => {
      const server = await open(answers(answer(200, success)));
      const [clientID, , ...rest] = base(server);
      for (const none of [undefined, '']) {
        await exchangeOf(new CriteoOAuth2(clientID, none, ...rest), 'c');
      }
      for (const { body } of server.received) expect(new URLSearchParams(body).has('client_secret')).to.equal(false);
    });

    it('sends a copy of the custom headers', async () => {
      const server = await open(answers(answer(200, success)));
      const headers: http.OutgoingHttpHeaders = { 'X-Team': 'ads' };
      const oauth2 = oauth2Of(server, headers);
      headers['X-Team'] = 'other';
      await exchangeOf(oauth2, 'c');
      expect(server.received[0]?.headers).to.include({ 'x-team': 'ads' });
    });

    it('calls back once with the error of a refused request', async () => {
      const server = await open(answers(answer(401, { error: 'invalid_client', error_description: `not ${secret}` })));
      const [error, ...more] = await exchangeOf(oauth2Of(server), 'c');
      expect(error).to.be.instanceOf(CriteoTokenError).and.include({ code: 'invalid_client' });
      expect(more).to.eql([]);
      expectNoSecret(error, secret);
    });

    it('calls back with a CriteoTransportError after a timeout', async () => {
      const server = await open(() => {});
      const oauth2 = oauth2Of(server);
      oauth2.useTransport({ timeout: 50 });
      expect((await exchangeOf(oauth2, 'c'))[0])
        .to.be.instanceOf(CriteoTransportError)
        .and.include({ code: 'timeout' });
    });

    it('calls back with an error that names the parameter, without a request, if its value is not text', async () => {
      const server = await open(answers(answer(200, success)));
      for (const value of [{}, [], () => {}, Symbol('x')]) {
        const [error] = await exchangeOf(oauth2Of(server), 'c', { extra: value });
        expect(error).to.be.instanceOf(TypeError).and.have.property('message').that.includes('extra');
      }
      expect(server.connections).to.equal(0);
    });

    it('uses one connection, also for get', async () => {
      const server = await open(answers(answer(200, success)));
      const oauth2 = oauth2Of(server);
      await exchangeOf(oauth2, 'c');
      await called((callback) => oauth2.get(server.url('/me').href, token, callback));
      await exchangeOf(oauth2, 'c');
      expect(server.connections).to.equal(1);
    });
  });

  describe('built again from its six arguments, like passport-oauth2-refresh does', () => {
    it('refreshes tokens with the agent and the timeout of the original', async () => {
      const server = await open((socket, { index }) => {
        if (index === 0) socket.write(answer(200, success));
      });
      const original = oauth2Of(server, { 'X-Team': 'ads' });
      const agent = new http.Agent({ keepAlive: true });
      original.useTransport({ agent, timeout: 60 });

      // These properties are protected in the types only.
      const { _clientId, _clientSecret, _baseSite, _authorizeUrl, _accessTokenUrl, _customHeaders } =
        original as unknown as Record<string, string> & { _customHeaders: http.OutgoingHttpHeaders };
      const Constructor = original.constructor as typeof CriteoOAuth2;
      const copy = new Constructor(
        _clientId ?? '',
        _clientSecret,
        _baseSite ?? '',
        _authorizeUrl,
        _accessTokenUrl,
        _customHeaders,
      );
      copy.getOAuthAccessToken = original.getOAuthAccessToken;

      const [error, accessToken, refreshToken] = await exchangeOf(copy, 'rt-0', { grant_type: 'refresh_token' });
      expect([error, accessToken, refreshToken]).to.eql([null, 'at-1', 'rt-1']);
      const [{ headers, body } = expect.fail()] = server.received;
      expect(headers).to.include({ 'x-team': 'ads' });
      expect(Object.fromEntries(new URLSearchParams(body))).to.eql({
        grant_type: 'refresh_token',
        refresh_token: 'rt-0',
        client_id: 'id-1',
        client_secret: secret,
      });
      expect(Object.values(agent.freeSockets).flat()).to.have.length(1);
      const [late] = await exchangeOf(copy, 'rt-0', { grant_type: 'refresh_token' });
      expect(late).to.include({ code: 'timeout' }).and.have.property('message').that.includes('60 ms');
      agent.destroy();
    });

    it('works without copied properties', async () => {
      const server = await open(answers(answer(200, success)));
      expect((await exchangeOf(new CriteoOAuth2(...base(server)), 'rt', { grant_type: 'refresh_token' }))[1]).to.equal(
        'at-1',
      );
    });

    it('works with a base site and paths', async () => {
      const server = await open(answers(answer(200, success)));
      const oauth2 = new CriteoOAuth2('id', secret, server.origin, '/request', '/oauth2/token');
      expect((await exchangeOf(oauth2, 'c'))[1]).to.equal('at-1');
      expect(oauth2.endpoints()).to.eql({ authorizationURL: '/request', tokenURL: `${server.origin}/oauth2/token` });
    });
  });

  describe('get', () => {
    const getOf = (oauth2: CriteoOAuth2, url: URL, accessToken = token): Promise<unknown[]> =>
      called((callback) => oauth2.get(url.href, accessToken, callback));

    it('sends the token in the header only, and calls back like node-oauth', async () => {
      const server = await open(answers(answer(200, '{"data":[]}', { 'x-a': 'b' })));
      const [error, text, response] = await getOf(oauth2Of(server, { 'X-Team': 'ads' }), server.url('/me?x=y'));
      expect([error, text]).to.eql([null, '{"data":[]}']);
      expect(response).to.have.property('statusCode', 200);
      expect(response).to.have.nested.property('headers.x-a', 'b');
      const { method, path, headers, body } = server.received[0] ?? expect.fail();
      expect([method, path, body]).to.eql(['GET', '/me?x=y', '']);
      expect(headers).to.include({ authorization: `Bearer ${token}`, 'x-team': 'ads', accept: 'application/json' });
      expect(headers).not.to.have.property('content-length');
    });

    it('keeps the token out of the URL whether the header is switched on or off', async () => {
      const server = await open(answers(answer(200, '{}')));
      const oauth2 = oauth2Of(server);
      for (const headerForGET of [true, false]) {
        oauth2.useAuthorizationHeaderforGET(headerForGET);
        await getOf(oauth2, server.url('/me'));
      }
      for (const { path, headers } of server.received) {
        expect(path).to.equal('/me');
        expect(headers).to.include({ authorization: `Bearer ${token}` });
      }
    });

    it("calls back with an error in node-oauth's form, without the token if the body repeats it", async () => {
      for (const [headerForGET, status, accessToken] of [
        [true, 403, token],
        [false, 400, token],
        // So short that only the whole of it is recognized.
        [true, 403, 'tok'],
      ] as const) {
        const server = await open(answers(answer(status, `{"detail":"${accessToken} may not"}`)));
        const oauth2 = oauth2Of(server);
        oauth2.useAuthorizationHeaderforGET(headerForGET);
        expect(await getOf(oauth2, server.url('/me'), accessToken)).to.eql([
          { statusCode: status, data: '{"detail":"[redacted] may not"}' },
        ]);
      }
    });

    it('sends the token to the configured origins only', async () => {
      const server = await open(answers(answer(200, '{}')));
      const other = await open(answers(answer(200, '{}')));
      const oauth2 = oauth2Of(server);
      const [error] = await getOf(oauth2, other.url('/me'));
      expect(error)
        .to.be.instanceOf(TypeError)
        .and.have.property('message')
        .that.includes(other.origin)
        .and.includes('apiURL');
      expectNoSecret(error, token);
      expect(other.connections).to.equal(0);
      oauth2.useTransport({ origins: [other.origin] });
      expect((await getOf(oauth2, other.url('/me')))[0]).to.equal(null);
    });

    it('does not follow a redirect', async () => {
      const other = await open(answers(answer(200, '{}')));
      const server = await open(answers(answer(302, '', { location: other.url('/me').href })));
      const [error] = await getOf(oauth2Of(server), server.url('/me'));
      expect(error).to.be.instanceOf(CriteoTransportError).and.include({ code: 'unexpected_redirect' });
      expect(other.connections).to.equal(0);
    });

    it('calls back with an error for an invalid URL', async () => {
      const server = await open(() => {});
      const [error] = await called((callback) => oauth2Of(server).get('/me', token, callback));
      expect(error).to.have.property('code', 'ERR_INVALID_URL');
    });
  });

  describe('_request', () => {
    const requestOf = (oauth2: CriteoOAuth2, ...args: unknown[]): Promise<unknown[]> =>
      called((callback) => Reflect.apply(Reflect.get(oauth2, '_request'), oauth2, [...args, callback]));

    it('sends the given method, with a body if the method has one', async () => {
      const server = await open(answers(answer(200, 'ok')));
      const oauth2 = oauth2Of(server);
      const url = server.url('/x').href;
      for (const [method, body] of [
        ['POST', 'a=b'],
        ['PUT', 'c=d'],
        ['POST', null],
        ['DELETE', ''],
        ['GET', ''],
      ]) {
        expect(await requestOf(oauth2, method, url, { 'X-One': 1 }, body, null)).to.have.nested.property('[1]', 'ok');
      }
      expect(server.received.map(({ method, body, headers }) => [method, body, headers['content-length']])).to.eql([
        ['POST', 'a=b', '3'],
        ['PUT', 'c=d', '3'],
        ['POST', '', '0'],
        ['DELETE', '', undefined],
        ['GET', '', undefined],
      ]);
    });

    it('sends a request without a token to any origin', async () => {
      const server = await open(() => {});
      const other = await open(answers(answer(404, 'none')));
      const oauth2 = oauth2Of(server);
      for (const headers of [null, { 'X-One': 1 }]) {
        expect(await requestOf(oauth2, 'GET', other.url('/x').href, headers, '', null)).to.eql([
          { statusCode: 404, data: 'none' },
        ]);
      }
    });

    it('rejects another origin if a header has a token, in any letter case of its name', async () => {
      const server = await open(() => {});
      const other = await open(answers(answer(200, 'none')));
      const [error] = await requestOf(
        oauth2Of(server),
        'GET',
        other.url('/x').href,
        { authorization: `Bearer ${token}` },
        '',
        null,
      );
      expect(error).to.be.instanceOf(TypeError);
      expect(other.connections).to.equal(0);
    });
  });

  describe('the transport', () => {
    it('has one connection pool for each protocol of each object, unless an agent is set', async () => {
      const server = await open(() => {});
      const oauth2 = oauth2Of(server);
      const plain = oauth2.transportFor(server.url());
      expect(oauth2.transportFor(server.url('/other')).agent).to.equal(plain.agent);
      expect(oauth2Of(server).transportFor(server.url()).agent).not.to.equal(plain.agent);
      expect(oauth2.transportFor(new URL('https://api.criteo.com')).agent).not.to.equal(plain.agent);
      expect(plain.timeout).to.equal(1000);
      const agent = new http.Agent();
      oauth2.setAgent(agent);
      expect(oauth2.transportFor(server.url())).to.include({ agent });
    });

    it('keeps settings that a later call does not set', async () => {
      const server = await open(() => {});
      const oauth2 = oauth2Of(server);
      const agent = new http.Agent();
      oauth2.useTransport({ agent });
      oauth2.useTransport({});
      expect(oauth2.transportFor(server.url())).to.include({ agent, timeout: 1000 });
    });

    it('has a timeout of ten seconds by default', () => {
      const url = new URL('https://api.criteo.com');
      expect(new CriteoOAuth2('id', secret, url.origin).transportFor(url).timeout).to.equal(10_000);
    });
  });

  it('shows its secret in no printed form, and returns it by the name of its property', async () => {
    const server = await open(() => {});
    const oauth2 = oauth2Of(server);
    for (const text of [inspect(oauth2), inspect(oauth2, { showHidden: true, depth: 10 }), JSON.stringify(oauth2)]) {
      expect(text).not.to.include('s3cr3t');
    }
    expect({ ...oauth2 }).not.to.have.property('_clientSecret');
    expect(Reflect.get(oauth2, '_clientSecret')).to.equal(secret);
    Reflect.set(oauth2, '_clientSecret', 'rotated');
    expect(oauth2.credentials()).to.eql({ client_id: 'id-1', client_secret: 'rotated' });
  });

  describe('shows no secret and no token of a current request', () => {
    const everything = { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true } as const;
    const all = { ...everything, maxStringLength: null, maxArrayLength: null };
    const hidden = { ...all, getters: false, customInspect: false };

    for (const own of [true, false]) {
      it(`if hidden properties are printed, ${own ? 'with its own agent' : 'with an agent of the app'}`, async () => {
        let inspected = (): void => {};
        const requested = new Promise<void>((resolve) => {
          inspected = resolve;
        });
        const server = await open((socket, { index }) => {
          if (index === 0) socket.write(answer(200, '{}'));
          else inspected();
        });
        const oauth2 = oauth2Of(server);
        const agent = new http.Agent({ keepAlive: true });
        if (!own) oauth2.useTransport({ agent });
        await called((callback) => oauth2.get(server.url('/me').href, token, callback));
        const fetched = called((callback) => oauth2.get(server.url('/me').href, token, callback));
        const exchanged = exchangeOf(oauth2, 'c0de-s3cr3t');
        await requested;
        for (const options of [{}, all, hidden]) {
          const text = inspect(oauth2, options);
          expect(text).not.to.include('s3cr3t');
          expect(text).to.include('oauth2/token');
        }
        expect(JSON.stringify(oauth2)).not.to.include('s3cr3t');
        await server.close();
        agent.destroy();
        await Promise.all([fetched, exchanged]);
      });
    }

    it('prints its class and client id', async () => {
      const server = await open(() => {});
      expect(inspect(oauth2Of(server))).to.match(/^CriteoOAuth2 \{.*clientID: 'id-1'/s);
    });
  });
});

describe('formFields', () => {
  it('converts strings, numbers and booleans, and leaves out null and undefined', () => {
    const params = Object.freeze({ a: 'x', b: 1, c: false, d: 10n, e: undefined, f: null, g: '' });
    expect(formFields(params)).to.eql({ a: 'x', b: '1', c: 'false', d: '10', g: '' });
    expect(formFields(undefined)).to.eql({});
    expect(formFields(null)).to.eql({});
  });
});
