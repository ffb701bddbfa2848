import { expect } from 'chai';
import { createSandbox, type Sandbox } from 'passport-criteo/sandbox';
import { answer, type LoopbackOptions, opener, type Received } from '../../support/loopback';
import { command, environment, RunningCommand } from '../support';

const open = opener();
const tokens = { access_token: 'access-token-of-the-app', token_type: 'Bearer', expires_in: 900, refresh_token: null };
const invalidGrant = answer(400, { error: 'invalid_grant' });

/** What a server in place of Criteo answers; what is left out is as Criteo documents it. */
interface Answers {
  code?: string;
  clientCredentials?: string;
  marketing?: string;
  retail?: string;
  portfolio?: string;
  /** The first request: without a token. */
  first?: string;
  dated?: boolean;
}

const right: Required<Omit<Answers, 'dated'>> = {
  code: invalidGrant,
  clientCredentials: answer(200, tokens),
  marketing: answer(200, { data: { type: 'Application', attributes: { applicationId: 7, organizationId: '42' } } }),
  retail: answer(403, { errors: [] }),
  portfolio: answer(200, { data: [] }),
  first: answer(401, { errors: [{ code: 'authorization-token-missing' }] }),
};

/** Chooses the answer to a request of the check. */
function choose(answers: Answers, { path, body, headers }: Received): string {
  const all = { ...right, ...answers };
  if (path === '/oauth2/token') return body.includes('client_credentials') ? all.clientCredentials : all.code;
  if (path.endsWith('/me') && headers['authorization'] === undefined && !path.includes('advertisers')) return all.first;
  if (path.endsWith('/marketing-solutions/me')) return all.marketing;
  return path.endsWith('/retail-media/me') ? all.retail : all.portfolio;
}

/** Runs the check against a server that answers so, and gives the results by id. */
async function check(answers: Answers, env: Record<string, string> = {}, options: LoopbackOptions = {}) {
  const server = await open((socket, received) => {
    const text = choose(answers, received);
    if (text === '') socket.end();
    else socket.write(text);
  }, options);
  const app = { CRITEO_CLIENT_ID: 'client-id', CRITEO_CLIENT_SECRET: 'client-secret', CRITEO_API_URL: server.origin };
  const run = await command(['check', '--json'], { env: { ...app, ...env } });
  const results = Object.fromEntries(run.document.results.map((result) => [result.id, result]));
  return { ...run, exitStatus: run.exitStatus, result: (id: string) => results[id], server };
}

const dated = (milliseconds: number): string =>
  answer(401, {}, { date: new Date(Date.now() + milliseconds).toUTCString() });

describe('passport-criteo check', () => {
  it('finds nothing wrong with an app that is set up correctly', async () => {
    const { result, exitStatus } = await check(
      { first: dated(0) },
      { CRITEO_CALLBACK_URL: 'https://app.example.com/cb' },
    );
    for (const id of ['reach', 'proxy', 'clock', 'credentials', 'client-credentials', 'service', 'api-version']) {
      expect(result(id)?.result, id).to.equal('ok');
    }
    // Without a browser, nothing tells.
    expect(result('redirect-uri')?.result).to.equal('unknown');
    expect(result('signing-pair')?.result).to.equal('skipped');
    expect(exitStatus).to.equal(0);
  });

  it('prints each result in words with advice, and how many there are of each kind', async () => {
    const sandbox = await createSandbox();
    const { printed, errors, exitStatus } = await command(['check'], {
      env: { ...environment(sandbox), CRITEO_CLIENT_SECRET: 'not-the-secret' },
    });
    await sandbox.close();
    expect(printed).to.match(/^Criteo at http.*, marketing-solutions, API version 2026-07, client id \w+\n\n/);
    expect(printed).to.match(/^ok {7}Reach of the API: /m);
    expect(printed).to.match(
      /^wrong {4}Client id and secret: refused with invalid_client\n {9}Compare CRITEO_CLIENT_ID/m,
    );
    expect(printed).to.match(/\n\n4 ok, 2 wrong, 3 skipped\.\n$/);
    expect(printed).to.not.contain('not-the-secret');
    expect([errors, exitStatus]).to.deep.equal(['', 1]);
  });

  it('sends the secret to the token endpoint only, and the token to the API only', async () => {
    const { server } = await check({});
    expect(server.received.map(({ method, path }) => `${method} ${path}`)).to.deep.equal([
      'GET /2026-07/marketing-solutions/me',
      'POST /oauth2/token',
      'POST /oauth2/token',
      'GET /2026-07/marketing-solutions/me',
      'GET /2026-07/retail-media/me',
      'GET /2026-07/advertisers/me',
    ]);
    for (const { path, headers, body } of server.received) {
      const all = path + JSON.stringify(headers) + body;
      expect(all.includes('client-secret'), path).to.equal(path === '/oauth2/token');
    }
  });

  describe('says that the credentials', () => {
    it('are wrong if a made-up code gets invalid_client', async () => {
      const refusal = answer(401, { error: 'invalid_client' });
      const { result, exitStatus } = await check({ code: refusal, clientCredentials: refusal });
      expect(result('credentials')?.result).to.equal('wrong');
      expect(result('client-credentials')?.result).to.equal('wrong');
      expect(result('service')?.result).to.equal('skipped');
      expect(exitStatus).to.equal(1);
    });

    it('are wrong if the error is credentials_no_longer_supported', async () => {
      const { result } = await check({ code: answer(401, { error: 'credentials_no_longer_supported' }) });
      expect(result('credentials')).to.include({
        result: 'wrong',
        seen: 'refused with credentials_no_longer_supported',
      });
    });

    it('are unknown for any other error', async () => {
      const { result, exitStatus } = await check({ code: answer(400, { error: 'invalid_request' }) });
      expect(result('credentials')?.result).to.equal('unknown');
      expect(result('credentials')?.seen).to.contain('invalid_request');
      expect(exitStatus).to.equal(0);
    });

    it('are unknown if the server has a problem, or accepts any code', async () => {
      const { result } = await check({ code: answer(503, 'down') });
      expect(result('credentials')).to.include({ result: 'unknown', advice: 'Try again later.' });
      const lenient = await check({ code: answer(200, tokens) });
      expect(lenient.result('credentials')?.result).to.equal('unknown');
    });

    it('are right even if the app has no client-credentials grant', async () => {
      const { result, exitStatus } = await check({ clientCredentials: answer(400, { error: 'unauthorized_client' }) });
      expect(result('credentials')?.result).to.equal('ok');
      expect(result('client-credentials')).to.include({ result: 'unknown', seen: 'refused with unauthorized_client' });
      expect(result('service')?.result).to.equal('skipped');
      expect(exitStatus).to.equal(0);
    });

    it('may have no secret if PKCE is switched on', async () => {
      const { result, server } = await check({}, { CRITEO_CLIENT_SECRET: '', CRITEO_PKCE: 'true' });
      expect(result('credentials')?.result).to.equal('ok');
      expect(result('credentials')?.seen).to.contain('there is no secret to check');
      expect(result('client-credentials')?.result).to.equal('skipped');
      const [exchange] = server.received.filter(({ path }) => path === '/oauth2/token');
      expect(exchange?.body).to.contain('code_verifier=').and.not.contain('client_secret');
    });
  });

  it('distinguishes, for an app with PKCE, a wrong secret from one that is not accepted', async () => {
    const sandbox = await createSandbox({ app: { pkce: true }, variants: { pkceSecret: 'refused' } });
    const env = { ...environment(sandbox), CRITEO_PKCE: 'true' };
    const { document } = await command(['check', '--json'], { env }).finally(() => sandbox.close());
    const found = document.results.find(({ id }) => id === 'credentials');
    expect(found).to.include({ result: 'wrong' });
    expect(found?.seen).to.match(/^refused with invalid_client, and accepted without the secret$/);
    expect(found?.advice).to.match(/try without CRITEO_CLIENT_SECRET/);
  });

  describe('says that the service', () => {
    it("is right, with the ids that Criteo's support asks for", async () => {
      const { result } = await check({});
      expect(result('service')?.seen).to.equal('marketing-solutions, applicationId 7, organizationId 42');
    });

    it('is wrong if only the other one responds', async () => {
      const { result, exitStatus } = await check({}, { CRITEO_SERVICE: 'retail-media' });
      expect(result('service')).to.include({
        result: 'wrong',
        seen: 'marketing-solutions/me: 200, retail-media/me: 403',
        advice: 'The app belongs to the other service: set CRITEO_SERVICE=marketing-solutions.',
      });
      expect(exitStatus).to.equal(1);
    });

    it('is unknown if neither responds', async () => {
      const { result } = await check({ marketing: answer(404, {}), retail: answer(500, {}) });
      expect(result('service')).to.include({
        result: 'unknown',
        seen: 'marketing-solutions/me: 404, retail-media/me: 500',
      });
    });

    it('is right, and shows only the ids of the response', async () => {
      const attributes = { applicationId: '\u001b[31m7', applicationName: 'Secret plans', organisationId: 3 };
      const { result } = await check({ marketing: answer(200, { data: { attributes } }) });
      expect(result('service')?.seen).to.equal('marketing-solutions, applicationId [31m7, organisationId 3');
    });
  });

  describe('says that the API version', () => {
    const version = async (answers: Answers, apiVersion: string, env = {}) =>
      (await check(answers, { CRITEO_API_VERSION: apiVersion, ...env })).result('api-version');
    /** The version that was released so many months ago. */
    const released = (months: number): string => {
      const now = new Date();
      return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months)).toISOString().slice(0, 7);
    };

    it('is wrong if it was decommissioned, or does not exist', async () => {
      expect(await version({ portfolio: answer(410, {}) }, '2024-01')).to.include({
        result: 'wrong',
        seen: '2024-01 was decommissioned (410)',
      });
      expect(await version({ portfolio: answer(404, {}) }, '2026-07')).to.include({ result: 'wrong' });
    });

    it('is wrong if its twelve months are over', async () => {
      expect(await version({}, released(13))).to.include({ result: 'wrong' });
      expect(await version({}, released(12))).to.include({ result: 'ok' });
    });

    it('ends soon in its last three months, or if the headers say so', async () => {
      const header = { sunset: 'Sun, 31 Jan 2027 23:59:59 GMT', deprecation: 'true' };
      const announced = await version({ portfolio: answer(200, {}, header) }, '2026-01');
      expect(announced?.seen).to.equal('2026-01 ends on Sun, 31 Jan 2027 23:59:59 GMT (header Sunset)');
      expect(announced?.advice).to.match(/to a later version/);
      const flagged = await version({ portfolio: answer(200, {}, { deprecation: 'true' }) }, '2026-01');
      expect(flagged?.seen).to.equal('2026-01 is deprecated (header Deprecation)');
      expect((await version({}, released(9)))?.advice).to.match(/to a later version/);
      expect(await version({}, released(8)))
        .to.include({ result: 'ok' })
        .and.not.have.property('advice');
    });

    it('may be preview or a future version, which can change', async () => {
      expect(await version({}, 'preview')).to.include({
        result: 'ok',
        seen: 'preview responds, and may change without notice',
      });
      expect((await version({}, released(-2)))?.seen).to.contain('not released yet');
    });

    it('is wrong for Retail Media if it is preview or experimental, which have no accounts', async () => {
      const found = await version({}, 'experimental', { CRITEO_SERVICE: 'retail-media' });
      expect(found).to.include({ result: 'wrong', advice: 'Choose a numbered version.' });
    });
  });

  describe('says that the clock', () => {
    for (const [offset, result, seen] of [
      [0, 'ok', /^right, [01] seconds off$/],
      [-30_000, 'ok', /^(29|30|31) seconds ahead of the API's$/],
      [-3_600_000, 'wrong', /^3(599|60[01]) seconds ahead of the API's$/],
      [3_600_000, 'wrong', /^3(599|60[01]) seconds behind the API's$/],
    ] as const) {
      it(`is ${result} if the API's is ${offset / 1000} seconds off`, async () => {
        const found = (await check({ first: dated(offset) })).result('clock');
        expect(found?.result).to.equal(result);
        expect(found?.seen).to.match(seen);
      });
    }

    it('is unknown if the response has no valid date', async () => {
      expect((await check({})).result('clock')?.result).to.equal('unknown');
      expect((await check({ first: answer(401, {}, { date: 'today' }) })).result('clock')?.result).to.equal('unknown');
    });
  });

  describe('says that the way to the API', () => {
    for (const [what, first, result, advice] of [
      ['a proxy asks for a password', answer(407, ''), 'wrong', /a proxy or a portal in between/],
      ['a portal redirects', answer(302, '', { location: 'http://login.example' }), 'wrong', /a redirect/],
      ['a web page comes back', answer(200, '<p>', { 'content-type': 'text/html' }), 'unknown', /An API sends JSON/],
      ['the server has a problem', answer(503, ''), 'unknown', /try again later/],
      ['the response is not HTTP', 'SSH-2.0-OpenSSH\r\n', 'wrong', /is not Criteo's API/],
      ['the response never ends', answer(200, 'x'.repeat(2 ** 21)), 'wrong', /is not Criteo's API/],
      ['there is no response', '', 'wrong', /A firewall may block the way/],
    ] as const) {
      it(`is ${result} if ${what}`, async () => {
        const found = (await check({ first })).result('reach');
        expect(found?.result).to.equal(result);
        expect(found?.advice).to.match(advice);
      });
    }

    it('is closed if nothing listens, and then nothing else is requested', async () => {
      const server = await open(() => {});
      const origin = server.origin;
      await server.close();
      const env = { CRITEO_CLIENT_ID: 'id', CRITEO_CLIENT_SECRET: 'secret', CRITEO_API_URL: origin };
      const { document, exitStatus } = await command(['check', '--json'], { env });
      const [reach, ...others] = document.results;
      expect(reach).to.include({ id: 'reach', result: 'wrong' });
      expect(reach?.seen).to.match(/no response from http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)/);
      expect(reach?.advice).to.match(/Nothing listens at/);
      expect(others.filter(({ result }) => result === 'wrong' || result === 'ok')).to.deep.equal([]);
      expect(exitStatus).to.equal(1);
    });

    it('is wrong if the certificate is not trusted', async () => {
      const { result } = await check({}, {}, { secure: true });
      expect(result('reach')?.result).to.equal('wrong');
      expect(result('reach')?.advice).to.match(/NODE_EXTRA_CA_CERTS/);
    });

    it('is wrong if the host name is unknown', async () => {
      const env = {
        CRITEO_CLIENT_ID: 'id',
        CRITEO_CLIENT_SECRET: 'secret',
        CRITEO_API_URL: 'http://nowhere.localhost:1',
      };
      const { document } = await command(['check', '--json'], { env });
      expect(document.results[0]?.seen).to.match(/\((ENOTFOUND|ECONNREFUSED|EAI_AGAIN)\)/);
    });
  });

  describe('says that the proxy', () => {
    const secret = 'http://user:password@proxy.example:3128';

    it('is set, without its password, and that the library does not use it', async () => {
      const { result, printed } = await check({}, { HTTPS_PROXY: secret, http_proxy: secret });
      expect(result('proxy')?.result).to.equal('ok');
      expect(result('proxy')?.seen).to.match(
        /^HTTPS_PROXY, http_proxy are set, but the direct way to 127\.0\.0\.1 works/,
      );
      expect(result('proxy')?.advice).to.match(/does not read these variables.*the option agent/);
      expect(printed).to.not.contain('password@');
    });

    it('is needed if the direct way is closed', async () => {
      const env = { CRITEO_CLIENT_ID: 'id', CRITEO_CLIENT_SECRET: 'secret', CRITEO_API_URL: 'http://127.0.0.1:1' };
      const { document } = await command(['check', '--json'], { env: { ...env, HTTPS_PROXY: secret } });
      expect(document.results[1]).to.include({ id: 'proxy', result: 'wrong' });
    });

    it('does not matter if NO_PROXY exempts the host', async () => {
      for (const exempt of ['127.0.0.1', 'example.com, 127.0.0.1:8080', '*']) {
        const { result } = await check({}, { HTTPS_PROXY: secret, NO_PROXY: exempt });
        expect(result('proxy')?.seen).to.match(/NO_PROXY exempts 127\.0\.0\.1$/);
      }
      expect((await check({}, { HTTPS_PROXY: secret, NO_PROXY: '.0.0.2' })).result('proxy')?.seen).to.contain('works');
    });

    it('is in use if the response has the header Via', async () => {
      const { result } = await check({ first: answer(401, {}, { via: '1.1 gate' }) });
      expect(result('proxy')?.seen).to.contain('header Via');
    });
  });

  describe('is stopped by Ctrl-C', () => {
    it('during a request, and says what was not checked', async () => {
      let running: RunningCommand | undefined;
      const server = await open((_, { path }) => {
        if (path === '/2026-07/marketing-solutions/me') running?.interrupt();
      });
      const env = { CRITEO_CLIENT_ID: 'id', CRITEO_CLIENT_SECRET: 'secret', CRITEO_API_URL: server.origin };
      running = new RunningCommand(['check'], { env });
      expect(await running.end()).to.equal(1);
      expect(running.printed).to.match(/Stopped\. Not checked: Reach of the API, Proxy, .*, Signing key and secret\./);
    });

    it('and prints the results so far as JSON', async () => {
      let running: RunningCommand | undefined;
      const server = await open((socket, received) => {
        if (received.path === '/oauth2/token') running?.interrupt();
        else socket.write(choose({}, received));
      });
      const env = { CRITEO_CLIENT_ID: 'id', CRITEO_CLIENT_SECRET: 'secret', CRITEO_API_URL: server.origin };
      running = new RunningCommand(['check', '--json'], { env });
      expect(await running.end()).to.equal(1);
      const { stopped, exitStatus, results } = running.document;
      expect([stopped, exitStatus]).to.deep.equal([true, 1]);
      expect(results.map(({ id }) => id)).to.deep.equal(['reach', 'proxy', 'clock']);
    });
  });

  describe('runs against the sandbox', () => {
    let sandbox: Sandbox;
    afterEach(() => sandbox.close());

    for (const app of [{}, { pkce: true }, { service: 'retail-media' }] as const) {
      it(`whose app is ${JSON.stringify(app)}`, async () => {
        sandbox = await createSandbox({ app });
        const { pkce, service } = { pkce: false, service: 'marketing-solutions', ...app };
        const env = { ...environment(sandbox), CRITEO_PKCE: String(pkce), CRITEO_SERVICE: service };
        const { document, exitStatus } = await command(['check', '--json'], { env });
        expect(document.results.filter(({ result }) => result === 'wrong')).to.deep.equal([]);
        expect(document.results.find(({ id }) => id === 'credentials')?.result).to.equal('ok');
        expect(exitStatus).to.equal(0);
      });
    }

    it('whose API version is near its end, or decommissioned', async () => {
      sandbox = await createSandbox({ decommissioned: ['2025-01'] });
      const version = async (name: string) => {
        const { document } = await command(['check', '--json', '--api-version', name], { env: environment(sandbox) });
        return document.results.find(({ id }) => id === 'api-version');
      };
      expect((await version('2026-01'))?.seen).to.match(/header Sunset/);
      expect(await version('2025-01')).to.include({ result: 'wrong', seen: '2025-01 was decommissioned (410)' });
    });
  });
});
