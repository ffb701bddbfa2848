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

/** What node-oauth's callbacks get, as a list. */
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
    it('exchanges a code, and calls back as node-oauth does', async () => {
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

    it('refreshes where the grant says so', async () => {
      const server = await open(answers(answer(200, { ...success, refresh_token: null })));
      const [error, accessToken, refreshToken] = await exchangeOf(oauth2Of(server), 'rt+0', {
        grant_type: 'refresh_token',
      });
      expect([error, accessToken, refreshToken]).to.eql([null, 'at-1', undefined]);
      const form = new URLSearchParams(server.received[0]?.body);
      expect(form.get('refresh_token')).to.equal('rt+0');
      expect(form.has('code')).to.equal(false);
    });

    it('needs no parameters', async () => {
      const server = await open(answers(answer(200, success)));
      const oauth2 = oauth2Of(server);
      expect((await called((callback) => oauth2.getOAuthAccessToken('c', callback)))[1]).to.equal('at-1');
      expect((await exchangeOf(oauth2, 'c', null))[1]).to.equal('at-1');
    });

    it('lets parameters override neither credentials nor code', async () => {
      const server = await open(answers(answer(200, success)));
      await exchangeOf(oauth2Of(server), 'right', { client_id: 'wrong', client_secret: 'wrong', code: 'wrong' });
      const form = new URLSearchParams(server.received[0]?.body);
      expect([form.getAll('client_id'), form.getAll('client_secret'), form.getAll('code')]).to.eql([
        ['id-1'],
        [secret],
        ['right'],
      ]);
    });

    it('leaves the secret out where there is none', async () => {
      const server = await open(answers(answer(200, success)));
      const [clientID, , ...rest] = base(server);
      for (const none of [undefined, '']) {
        await exchangeOf(new CriteoOAuth2(clientID, none, ...rest), 'c');
      }
      for (const { body } of server.received) expect(new URLSearchParams(body).has('client_secret')).to.equal(false);
    });

    it('sends custom headers, and does not keep the object they came in', async () => {
      const server = await open(answers(answer(200, success)));
      const headers: http.OutgoingHttpHeaders = { 'X-Team': 'ads' };
      const oauth2 = oauth2Of(server, headers);
      headers['X-Team'] = 'other';
      await exchangeOf(oauth2, 'c');
      expect(server.received[0]?.headers).to.include({ 'x-team': 'ads' });
    });

    it('calls back with a refusal, once', async () => {
      const server = await open(answers(answer(401, { error: 'invalid_client', error_description: `not ${secret}` })));
      const [error, ...more] = await exchangeOf(oauth2Of(server), 'c');
      expect(error).to.be.instanceOf(CriteoTokenError).and.include({ code: 'invalid_client' });
      expect(more).to.eql([]);
      expectNoSecret(error, secret);
    });

    it('calls back with an error of ours where no answer came in time', async () => {
      const server = await open(() => {});
      const oauth2 = oauth2Of(server);
      oauth2.useTransport({ timeout: 50 });
      expect((await exchangeOf(oauth2, 'c'))[0])
        .to.be.instanceOf(CriteoTransportError)
        .and.include({ code: 'timeout' });
    });

    it('calls back with an error that names a parameter without a text, and asks nothing', async () => {
      const server = await open(answers(answer(200, success)));
      for (const value of [{}, [], () => {}, Symbol('x')]) {
        const [error] = await exchangeOf(oauth2Of(server), 'c', { extra: value });
        expect(error).to.be.instanceOf(TypeError).and.have.property('message').that.includes('extra');
      }
      expect(server.connections).to.equal(0);
    });

    it('asks over one connection, and over that of get too', async () => {
      const server = await open(answers(answer(200, success)));
      const oauth2 = oauth2Of(server);
      await exchangeOf(oauth2, 'c');
      await called((callback) => oauth2.get(server.url('/me').href, token, callback));
      await exchangeOf(oauth2, 'c');
      expect(server.connections).to.equal(1);
    });
  });

  describe('built anew from its six arguments, as passport-oauth2-refresh does', () => {
    it('refreshes with the agent and the deadline of the one that it came from', async () => {
      const server = await open((socket, { index }) => {
        if (index === 0) socket.write(answer(200, success));
      });
      const original = oauth2Of(server, { 'X-Team': 'ads' });
      const agent = new http.Agent({ keepAlive: true });
      original.useTransport({ agent, timeout: 60 });

      // Protected in our types only.
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

    it('works without anything copied over', async () => {
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
    const getOf = (oauth2: CriteoOAuth2, url: URL): Promise<unknown[]> =>
      called((callback) => oauth2.get(url.href, token, callback));

    it('sends the token in the header alone, and calls back as node-oauth does', async () => {
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

    it('keeps the token out of the URL also where somebody switched its header off', async () => {
      const server = await open(answers(answer(200, '{}')));
      const oauth2 = oauth2Of(server);
      oauth2.useAuthorizationHeaderforGET(false);
      await getOf(oauth2, server.url('/me'));
      expect(server.received[0]).to.include({ path: '/me' });
      expect(server.received[0]?.headers).to.include({ authorization: `Bearer ${token}` });
    });

    it("calls back with node-oauth's kind of error, without the token that the body echoes", async () => {
      for (const headerForGET of [true, false]) {
        const server = await open(answers(answer(403, `{"detail":"${token} may not"}`)));
        const oauth2 = oauth2Of(server);
        oauth2.useAuthorizationHeaderforGET(headerForGET);
        expect(await getOf(oauth2, server.url('/me'))).to.eql([
          { statusCode: 403, data: '{"detail":"[redacted] may not"}' },
        ]);
      }
    });

    it('goes with the token to the origins that it was told, and nowhere else', async () => {
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

    it('follows no redirect', async () => {
      const other = await open(answers(answer(200, '{}')));
      const server = await open(answers(answer(302, '', { location: other.url('/me').href })));
      const [error] = await getOf(oauth2Of(server), server.url('/me'));
      expect(error).to.be.instanceOf(CriteoTransportError).and.include({ code: 'unexpected_redirect' });
      expect(other.connections).to.equal(0);
    });

    it('calls back with an error for an address that is none', async () => {
      const server = await open(() => {});
      const [error] = await called((callback) => oauth2Of(server).get('/me', token, callback));
      expect(error).to.have.property('code', 'ERR_INVALID_URL');
    });
  });

  describe('_request, for those who reach for it', () => {
    const requestOf = (oauth2: CriteoOAuth2, ...args: unknown[]): Promise<unknown[]> =>
      called((callback) => Reflect.apply(Reflect.get(oauth2, '_request'), oauth2, [...args, callback]));

    it('sends the method that was asked for, with a body where that has one', async () => {
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

    it('goes anywhere without a token', async () => {
      const server = await open(() => {});
      const other = await open(answers(answer(404, 'none')));
      const oauth2 = oauth2Of(server);
      expect(await requestOf(oauth2, 'GET', other.url('/x').href, null, '', null)).to.eql([
        { statusCode: 404, data: 'none' },
      ]);
    });

    it('knows a token in any header of that name', async () => {
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
    it('is its own, one connection pool for each protocol, unless there is an agent', async () => {
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

    it('keeps what a later call does not set', async () => {
      const server = await open(() => {});
      const oauth2 = oauth2Of(server);
      const agent = new http.Agent();
      oauth2.useTransport({ agent });
      oauth2.useTransport({});
      expect(oauth2.transportFor(server.url())).to.include({ agent, timeout: 1000 });
    });

    it('has ten seconds by default', () => {
      const url = new URL('https://api.criteo.com');
      expect(new CriteoOAuth2('id', secret, url.origin).transportFor(url).timeout).to.equal(10_000);
    });
  });

  it('shows its secret nowhere, and gives it to those who ask by name', async () => {
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

  describe('shows no secret and no token of a request under way', () => {
    const everything = { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true } as const;
    const all = { ...everything, maxStringLength: null, maxArrayLength: null };
    const hidden = { ...all, getters: false, customInspect: false };

    for (const own of [true, false]) {
      it(`inspected with all that is hidden, ${own ? 'with its own agent' : 'with an agent of the user'}`, async () => {
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

    it('names what it is', async () => {
      const server = await open(() => {});
      expect(inspect(oauth2Of(server))).to.match(/^CriteoOAuth2 \{.*clientID: 'id-1'/s);
    });
  });
});

describe('formFields', () => {
  it('takes texts, numbers and flags, and leaves out what is nothing', () => {
    const params = Object.freeze({ a: 'x', b: 1, c: false, d: 10n, e: undefined, f: null, g: '' });
    expect(formFields(params)).to.eql({ a: 'x', b: '1', c: 'false', d: '10', g: '' });
    expect(formFields(undefined)).to.eql({});
    expect(formFields(null)).to.eql({});
  });
});
