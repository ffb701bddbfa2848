import https from 'node:https';
import { inspect } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { apiEndpoint, CriteoClient, type CriteoClientOptions } from '../../lib/criteo/client';
import { CriteoTokenError, CriteoTransportError } from '../../lib/errors';
import { exchange } from '../../lib/http/exchange';
import { version } from '../../package.json';
import { documented } from '../support/documented';
import { expectNoSecret, rejection } from '../support/errors';
import { answer, answers, head, type Loopback, opener, type Script } from '../support/loopback';

const app = { clientID: 'id-1', clientSecret: 's3cr3t+of/the=app&co é%41' };
const login = {
  code: 'c0de+of/one=login&x',
  redirectURI: 'https://app.example.com/cb?a=b&c',
  codeVerifier: 'v3rifier-of-one.login_~',
};
const refreshToken = 'r3fresh+token/of=months&x';
const secrets = [app.clientSecret, login.code, login.codeVerifier, refreshToken];
const success = { access_token: 'at-1', token_type: 'Bearer', expires_in: 900, refresh_token: 'rt-1' };

/** The three grants. */
const grants = {
  exchangeCode: (client: CriteoClient) => client.exchangeCode(login),
  refresh: (client: CriteoClient) => client.refresh(refreshToken),
  clientCredentials: (client: CriteoClient) => client.clientCredentials(),
};

describe('CriteoClient', () => {
  const open = opener();

  const clientOf = (server: Loopback, more: Partial<CriteoClientOptions> = {}): CriteoClient =>
    new CriteoClient({ ...app, apiURL: server.origin, timeout: 1000, ...more });

  describe('with the responses that Criteo documents', () => {
    const criteo = documented();
    const token = (status: number, body: object | string, headers: Record<string, string> = {}): CriteoClient => {
      criteo().post('/oauth2/token').reply(status, body, headers);
      return new CriteoClient(app);
    };

    it('exchanges a code for tokens', async () => {
      const form = {
        grant_type: 'authorization_code',
        code: login.code,
        redirect_uri: login.redirectURI,
        code_verifier: login.codeVerifier,
        client_id: app.clientID,
        client_secret: app.clientSecret,
      };
      criteo()
        .post('/oauth2/token', form)
        .matchHeader('content-type', 'application/x-www-form-urlencoded')
        .matchHeader('accept', 'application/json')
        .matchHeader('user-agent', `passport-criteo/${version}`)
        .reply(200, success);
      const before = Date.now();
      const tokens = await new CriteoClient(app).exchangeCode(login);
      expect(tokens).to.include({ accessToken: 'at-1', tokenType: 'Bearer', refreshToken: 'rt-1' });
      expect(tokens.obtainedAt).to.be.within(before, Date.now());
      expect(tokens.expiresAt - tokens.obtainedAt).to.equal(900_000);
    });

    it('refreshes tokens without a redirect URI', async () => {
      const form = {
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        client_id: app.clientID,
        client_secret: app.clientSecret,
      };
      criteo()
        .post('/oauth2/token', form)
        .reply(200, { ...success, refresh_token: null });
      const tokens = await new CriteoClient(app).refresh(refreshToken);
      expect(tokens.accessToken).to.equal('at-1');
      expect(tokens).not.to.have.property('refreshToken');
    });

    it('gets tokens for its own credentials', async () => {
      const form = { grant_type: 'client_credentials', client_id: app.clientID, client_secret: app.clientSecret };
      criteo()
        .post('/oauth2/token', form)
        .reply(200, { access_token: 'at-2', token_type: 'bearer', expires_in: '900' });
      expect(await new CriteoClient(app).clientCredentials()).to.include({ accessToken: 'at-2' });
    });

    for (const type of ['application/json', 'text/json', 'text/plain', 'text/html']) {
      it(`reads the body as JSON whatever its content type (${type})`, async () => {
        const client = token(200, JSON.stringify(success), { 'content-type': type });
        expect(await client.clientCredentials()).to.include({ accessToken: 'at-1' });
      });
    }

    it('reports wrong credentials as invalid_client', async () => {
      const error_description =
        "The client authentication failed, the provided client_id doesn't exist or the client_secret is invalid";
      const client = token(401, { error: 'invalid_client', error_description });
      const error = await rejection(client.refresh(refreshToken), CriteoTokenError);
      expect(error).to.include({ code: 'invalid_client', reauthorize: false, retryable: false });
      expect(error.message).to.include(error_description).and.include('clientSecret');
    });

    it('reports an expired code or refresh token as invalid_grant', async () => {
      for (const grant of [grants.exchangeCode, grants.refresh]) {
        const error = await rejection(grant(token(400, { error: 'invalid_grant' })), CriteoTokenError);
        expect(error).to.include({ code: 'invalid_grant', status: 401, reauthorize: true });
      }
    });

    it('reports an OAuth error in a response with status 200', async () => {
      for (const access_token of [undefined, null, '']) {
        const client = token(200, { access_token, error: 'invalid_grant' });
        const error = await rejection(client.refresh(refreshToken), CriteoTokenError);
        expect(error)
          .to.include({ code: 'invalid_grant' })
          .and.to.deep.include({ response: { status: 200 } });
      }
    });

    it("reports an error in the API's envelope with any status", async () => {
      const envelope = {
        errors: [{ traceId: 't-1', code: 'authorization-token-invalid', detail: 'No' }],
        warnings: [],
      };
      for (const status of [200, 400, 401]) {
        const error = await rejection(token(status, envelope).clientCredentials(), CriteoTokenError);
        expect(error).to.include({ code: 'authorization-token-invalid', traceId: 't-1' });
      }
    });

    it('returns the tokens of a response that also has errors and warnings', async () => {
      for (const more of [
        { error: null, errors: [], warnings: [] },
        { error: '', error_description: '' },
        { errors: [null] },
        { errors: [{ code: 'deprecated' }] },
      ]) {
        const client = token(200, { ...success, ...more, refresh_token: 'rt-2' });
        expect(await client.refresh(refreshToken)).to.include({ accessToken: 'at-1', refreshToken: 'rt-2' });
      }
    });

    it('reports as retryAfter when the rate limit is reset', async () => {
      const reset = String(Math.ceil(Date.now() / 1000) + 30);
      const client = token(429, { error: 'rate_limited' }, { 'x-ratelimit-reset': reset });
      const error = await rejection(client.clientCredentials(), CriteoTokenError);
      expect(error).to.include({ retryable: true, status: 503 });
      expect(error.retryAfter).to.be.within(28, 31);
    });
  });

  describe('in its requests', () => {
    it('sends every character of a field unchanged', async () => {
      const server = await open(answers(answer(200, success)));
      const client = clientOf(server);
      await client.exchangeCode(login);
      await client.refresh(refreshToken);
      const [first, second] = server.received;
      expect(Object.fromEntries(new URLSearchParams(first?.body))).to.eql({
        grant_type: 'authorization_code',
        code: login.code,
        redirect_uri: login.redirectURI,
        code_verifier: login.codeVerifier,
        client_id: app.clientID,
        client_secret: app.clientSecret,
      });
      expect(new URLSearchParams(second?.body).get('refresh_token')).to.equal(refreshToken);
      expect(first).to.include({ method: 'POST', path: '/oauth2/token' });
      expect(first?.headers).to.include({ 'content-type': 'application/x-www-form-urlencoded' });
      expect(first?.headers).not.to.have.property('authorization');
    });

    it('leaves out fields without a value', async () => {
      const server = await open(answers(answer(200, success)));
      const { code, redirectURI } = login;
      for (const clientSecret of [undefined, '']) {
        await clientOf(server, { clientSecret }).exchangeCode({ code, redirectURI, codeVerifier: undefined });
      }
      for (const { body } of server.received) {
        expect([...new URLSearchParams(body).keys()]).to.have.members([
          'grant_type',
          'code',
          'redirect_uri',
          'client_id',
        ]);
      }
    });

    it('uses one connection for several requests', async () => {
      const server = await open(answers(answer(200, success)));
      const client = clientOf(server);
      for (let i = 0; i < 4; i += 1) await client.clientCredentials();
      expect(server.connections).to.equal(1);
    });

    it('uses the option tokenURL, or apiURL without double slashes', async () => {
      const server = await open(answers(answer(200, success)));
      await clientOf(server, { tokenURL: `${server.origin}/elsewhere?x=y` }).clientCredentials();
      const client = clientOf(server, { apiURL: `${server.origin}/base//` });
      await client.clientCredentials();
      expect(server.received.map(({ path }) => path)).to.eql(['/elsewhere?x=y', '/base/oauth2/token']);
      expect(client.apiURL).to.equal(`${server.origin}/base`);
    });

    it('uses the timeout that is given for one request', async () => {
      const server = await open(() => {});
      const client = clientOf(server, { timeout: 10_000 });
      for (const asked of [client.refresh(refreshToken, { timeout: 50 }), client.clientCredentials({ timeout: 50 })]) {
        expect((await rejection(asked, CriteoTransportError)).message).to.include('50 ms');
      }
    });
  });

  describe('sends a token request only once', () => {
    for (const [what, script] of [
      ['a reset', (socket) => socket.resetAndDestroy()],
      ['a closed connection', (socket) => socket.end()],
      ['status 503', answers(answer(503, '<html>'))],
      ['status 429', answers(answer(429, '', { 'retry-after': '0' }))],
      ['the error temporarily_unavailable', answers(answer(400, { error: 'temporarily_unavailable' }))],
      ['a timeout', () => {}],
      ['half a response', (socket) => socket.end(head(200, { 'content-length': 100 }) + JSON.stringify(success))],
    ] satisfies [string, Script][]) {
      it(`after ${what}`, async () => {
        const timeout = what === 'a timeout' ? 500 : 10_000;
        for (const grant of Object.values(grants)) {
          const server = await open(script);
          const error = await rejection(grant(clientOf(server, { timeout })), Error);
          expect(error).to.have.property('retryable', true);
          await server.close();
          expect(server.received).to.have.length(1);
        }
      });
    }
  });

  describe('rejects a response without usable tokens', () => {
    for (const [what, text, reason] of [
      ['null', answer(200, 'null'), /not a JSON object/],
      ['a number', answer(200, '17'), /not a JSON object/],
      ['a string', answer(200, '"at-1"'), /not a JSON object/],
      ['true', answer(200, 'true'), /not a JSON object/],
      ['an array', answer(200, [success]), /not a JSON object/],
      ['an empty object', answer(200, {}), /no usable access_token/],
      ['HTML', answer(200, '<html><title>Maintenance</title></html>'), /not a JSON object/],
      ['a form', answer(200, 'access_token=at-1&token_type=Bearer'), /not a JSON object/],
      ['half of JSON', answer(200, '{"access_token":"at-1"'), /not a JSON object/],
      ['an empty body', answer(200), /not a JSON object/],
      ['no body (204)', head(204), /not a JSON object/],
      ['no token and no errors', answer(200, { errors: [], warnings: [] }), /no usable access_token/],
      ['a token with a line break', answer(200, { ...success, access_token: 'a\r\nb' }), /no usable access_token/],
      ['a token that is not a string', answer(200, { ...success, access_token: 1 }), /no usable access_token/],
      ['errors without content', answer(200, { errors: [null] }), /200 without an OAuth error or token/],
      ['an empty error', answer(200, { access_token: '', error: '' }), /200 without an OAuth error or token/],
      ['tokens with the status 101', answer(101, success), /responded with 101/],
      [
        'a body far larger than any token',
        answer(200, { ...success, padding: 'x'.repeat(256 * 1024) }),
        /token.* is larger than/,
      ],
    ] as const) {
      it(`with an error that gives the reason: ${what}`, async () => {
        const server = await open(answers(text));
        const error = await rejection(clientOf(server).clientCredentials(), CriteoTransportError);
        expect(error.code).to.be.oneOf(['invalid_response', 'response_too_large']);
        expect(error).to.include({ retryable: false, status: 502 });
        expect(error.message).to.match(reason);
        expectNoSecret(error, 'at-1', app.clientSecret);
      });
    }

    for (const [status, ours, retryable] of [
      [400, 502, false],
      [404, 502, false],
      [500, 503, true],
      [502, 503, true],
    ] as const) {
      it(`as HTML with ${status}`, async () => {
        const server = await open(answers(answer(status, '<html><title>Oops</title></html>')));
        const error = await rejection(clientOf(server).clientCredentials(), CriteoTransportError);
        expect(error).to.include({ code: 'invalid_response', status: ours, retryable });
        expect(error).to.deep.include({ response: { status } });
        expect(error.message).not.to.include('Oops');
      });
    }

    it('with a CriteoTokenError or CriteoTransportError for any JSON', async () => {
      let body: unknown;
      const server = await open((socket) => socket.write(answer(200, JSON.stringify(body))));
      const client = clientOf(server);
      const field = fc.oneof(fc.jsonValue(), fc.constantFrom('Bearer', 'at-1', 900));
      const shaped = fc.record(
        {
          access_token: field,
          token_type: field,
          expires_in: field,
          refresh_token: field,
          error: field,
          errors: field,
        },
        { requiredKeys: [] },
      );
      await fc.assert(
        fc.asyncProperty(fc.oneof(shaped, fc.jsonValue()), async (value) => {
          body = value;
          const tokens = await client.clientCredentials().catch((error: unknown) => {
            if (error instanceof CriteoTokenError || error instanceof CriteoTransportError) return undefined;
            throw error;
          });
          if (tokens) expect(tokens.accessToken).to.match(/^[\x21-\x7e]+$/);
        }),
        { numRuns: 200 },
      );
    });
  });

  describe('keeps secrets', () => {
    it('out of its printed and serialised form', () => {
      expectNoSecret(new CriteoClient(app), app.clientSecret);
      expect(inspect(new CriteoClient(app))).to.include('id-1');
    });

    const spellings: [string, (value: string) => string][] = [
      ['unchanged', (value) => value],
      ['encoded for URLs', encodeURIComponent],
      [
        'encoded for URLs in lower case',
        (value) => encodeURIComponent(value).replace(/%../g, (it) => it.toLowerCase()),
      ],
      ['encoded for forms', (value) => new URLSearchParams([['', value]]).toString().slice(1)],
      [
        'escaped for HTML',
        (value) => value.replaceAll('&', '&amp;').replaceAll('+', '&#43;').replaceAll('/', '&#x2F;'),
      ],
      ['with every character escaped', (value) => [...value].map((char) => `&#${char.codePointAt(0)};`).join('')],
    ];
    for (const [what, spell] of spellings) {
      it(`out of errors if the response repeats them ${what}`, async () => {
        const bodies: ((repeated: string) => string)[] = [
          (repeated) =>
            answer(400, {
              error: 'invalid_grant',
              error_description: `no ${repeated}!`,
              error_uri: `https://x/${repeated}`,
            }),
          (repeated) => answer(400, { error: repeated, error_description: repeated }),
          (repeated) => answer(200, { error: 'x', error_description: repeated }),
          (repeated) =>
            answer(500, {
              errors: [{ code: repeated, type: repeated, title: repeated, detail: repeated, traceId: repeated }],
            }),
          (repeated) => answer(500, `<h1>Bad ${repeated}</h1>`),
          (repeated) => answer(200, { access_token: `${repeated}\n`, token_type: repeated, expires_in: repeated }),
          (repeated) => answer(200, { access_token: 'a', token_type: repeated }),
          (repeated) => answer(302, '', { location: `https://elsewhere.example/?${encodeURI(repeated)}` }),
          (repeated) => `HTTP/1.1 200 OK\r\n${encodeURI(repeated)}\r\n\r\n`,
          (repeated) => `HTTP/1.1 ${encodeURI(repeated)}\r\n\r\n`,
          (repeated) => `${encodeURI(repeated)}\r\n\r\n`,
          (repeated) => head(200, { 'transfer-encoding': 'chunked' }) + encodeURI(repeated),
        ];
        for (const body of bodies) {
          const server = await open((socket, { body: form }) => {
            socket.end(body([...new URLSearchParams(form).values()].map(spell).join(' ')));
          });
          for (const grant of Object.values(grants)) {
            expectNoSecret(await rejection(grant(clientOf(server)), Error), ...secrets);
          }
        }
      });
    }
  });

  describe('throws an error that names the wrong option', () => {
    for (const [option, changes] of [
      ['clientID', { clientID: undefined }],
      ['clientID', { clientID: '' }],
      ['clientID', { clientID: 17 }],
      ['clientSecret', { clientSecret: 17 }],
      ['clientSecret', { clientSecret: 's3cr3t\n' }],
      ['apiURL', { apiURL: 'api.criteo.com' }],
      ['apiURL', { apiURL: 'https://api.criteo.com/?v=1' }],
      ['apiURL', { apiURL: 'http://api.criteo.com' }],
      ['tokenURL', { tokenURL: '/oauth2/token' }],
      ['timeout', { timeout: 0 }],
      ['timeout', { timeout: '10s' }],
      ['agent', { agent: 'http://proxy:8080' }],
      ['agent', { agent: {} }],
    ] as const) {
      it(`${option}: ${inspect(Object.values(changes)[0])}`, () => {
        const options = { ...app, ...changes };
        expect(() => Reflect.construct(CriteoClient, [options]))
          .to.throw(TypeError, `CriteoClient: the option ${option} `)
          .with.property('message')
          .that.does.not.include('s3cr3t');
      });
    }

    it('clientID: no options given', () => {
      for (const options of [undefined, null]) {
        expect(() => Reflect.construct(CriteoClient, [options])).to.throw(TypeError, 'the option clientID');
      }
    });

    it('clientID: given as clientId', () => {
      const { clientID: clientId, clientSecret } = app;
      expect(() => Reflect.construct(CriteoClient, [{ clientId, clientSecret }])).to.throw(
        TypeError,
        'CriteoClient: there is no option "clientId". Did you mean clientID?',
      );
    });

    it('and does not change right options', () => {
      expect(() => new CriteoClient(Object.freeze({ ...app }))).not.to.throw();
    });
  });

  describe('rejects wrong arguments without a request, and names the argument:', () => {
    for (const [what, call, text] of [
      ['no code', (client) => client.exchangeCode({ ...login, code: '' }), 'exchangeCode: code'],
      [
        'a code that is not a string',
        (client) => client.exchangeCode({ ...login, code: Object(1) }),
        'exchangeCode: code',
      ],
      ['no redirect URI', (client) => client.exchangeCode({ ...login, redirectURI: '' }), 'exchangeCode: redirectURI'],
      [
        'an empty verifier',
        (client) => client.exchangeCode({ ...login, codeVerifier: '' }),
        'exchangeCode: codeVerifier',
      ],
      ['null', (client) => client.exchangeCode(JSON.parse('null')), 'exchangeCode: code'],
      ['an empty refresh token', (client) => client.refresh(''), 'refresh: refreshToken'],
      ['a refresh token that is not a string', (client) => client.refresh(JSON.parse('null')), 'refresh: refreshToken'],
      ['a wrong timeout', (client) => client.refresh('rt', { timeout: -1 }), 'the option timeout'],
    ] satisfies [string, (client: CriteoClient) => Promise<unknown>, string][]) {
      it(what, async () => {
        const server = await open(answers(answer(200, success)));
        const error = await rejection(call(clientOf(server)), TypeError);
        expect(error.message).to.include(`CriteoClient.${text}`.replace('.the', ': the'));
        expect(server.connections).to.equal(0);
      });
    }
  });
});

describe('apiEndpoint', () => {
  const open = opener();

  it('shares the connections of the token endpoint', async () => {
    const server = await open(answers(answer(200, success)));
    const client = new CriteoClient({ ...app, apiURL: server.origin, timeout: 1000 });
    await client.clientCredentials();
    const { url, timeout, agent } = apiEndpoint(client);
    expect({ url, timeout }).to.eql({ url: server.origin, timeout: 1000 });
    await exchange({ url: server.url('/me'), timeout, agent }, { method: 'GET', limit: 1000 });
    expect(server.received).to.have.length(2);
    expect(server.connections).to.equal(1);
  });

  it('has its own connections if the token endpoint uses another protocol', () => {
    const { agent } = apiEndpoint(new CriteoClient({ ...app, tokenURL: 'http://127.0.0.1:1/token' }));
    expect(agent).to.be.instanceOf(https.Agent);
  });

  it('uses the agent of the client', () => {
    const agent = new https.Agent();
    expect(apiEndpoint(new CriteoClient({ ...app, agent }))).to.include({ agent });
  });
});
