import { inspect } from 'node:util';
import { expect } from 'chai';
import { createSandbox, type SandboxOptions } from '../../lib/sandbox';
import { api, consentURL, failure, hidden, login, newCode, opener, postForm, raw, start, token } from './support';

describe('sandbox', () => {
  const open = opener();

  it('has credentials of its own each time, or the same ones for the same seed', async () => {
    const [a, b, c, d] = await Promise.all([open(), open(), open({ seed: 'x' }), open({ seed: 'x' })]);
    expect(a.app).not.to.deep.equal(b.app);
    expect(c.app).to.deep.equal(d.app);
    const code = await newCode(c);
    expect(code).to.equal(await newCode(d));
    expect(code).not.to.equal(await newCode(c));
    for (const { app } of [a, b, c]) expect(app.clientSecret).to.match(/^[\w-]+\+[\w-]+\/[\w-]+$/);
    expect((await open({ seed: 0 })).app).not.to.deep.equal((await open({ seed: 1 })).app);
  });

  it('shows no secret when inspected or serialised', async () => {
    const sandbox = await open();
    await login(sandbox);
    const shown = inspect(sandbox, { depth: 9, showHidden: true }) + JSON.stringify(sandbox);
    for (const secret of [sandbox.app.clientSecret, sandbox.app.signingSecret, 'client_secret']) {
      expect(shown).not.to.contain(secret);
    }
    expect(JSON.parse(JSON.stringify(sandbox))).to.deep.equal({ url: sandbox.url });
  });

  it('has endpoints under its address', async () => {
    const { url, endpoints } = await open();
    expect(url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(endpoints).to.deep.equal({
      authorizationURL: `${url}/request`,
      tokenURL: `${url}/oauth2/token`,
      apiURL: url,
    });
  });

  it('listens on other addresses, IPv6 included', async () => {
    const six = await open({ host: '::1' });
    expect(six.url).to.match(/^http:\/\/\[::1\]:\d+$/);
    expect((await api(six, (await login(six)).access)).status).to.equal(200);
    expect((await open({ host: '0.0.0.0' })).url).to.match(/^http:\/\/127\.0\.0\.1:/);
    expect((await open({ host: '::' })).url).to.match(/^http:\/\/\[::1\]:/);
  });

  it('says so when the port is taken, or the host is none', async () => {
    const { url } = await open();
    const port = Number(new URL(url).port);
    expect((await failure(createSandbox({ port }))).message).to.equal(
      `createSandbox: cannot listen on \`host\` 127.0.0.1, \`port\` ${port}: the port is taken; choose another, or 0 for any free one`,
    );
    expect((await failure(createSandbox({ host: '203.0.113.1' }))).message).to.contain('EADDRNOTAVAIL');
  });

  it('logs what it received', async () => {
    const sandbox = await open();
    sandbox.advance(5);
    await token(sandbox, { grant_type: 'client_credentials', client_secret: 'a+b' });
    const [request, ...more] = sandbox.requests;
    expect(more).to.deep.equal([]);
    expect(request).to.include({
      direction: 'in',
      method: 'POST',
      path: '/oauth2/token',
      status: 401,
      time: start + 5,
      connection: 1,
      body: `client_id=${sandbox.app.clientID}&client_secret=a%2Bb&grant_type=client_credentials`,
    });
    expect(request?.form).to.deep.equal({
      client_id: sandbox.app.clientID,
      client_secret: 'a+b',
      grant_type: 'client_credentials',
    });
    expect(request?.headers['content-type']).to.contain('application/x-www-form-urlencoded');
    await raw(consentURL(sandbox));
    expect(sandbox.requests[1]?.query).to.include({ response_type: 'code', state: 'st' });
    await raw(`${sandbox.url}/`);
    expect(sandbox.requests).to.have.length(2);
  });

  it('counts connections, but for those of approve and deny', async () => {
    const sandbox = await open();
    await sandbox.approve(consentURL(sandbox));
    await sandbox.deny(consentURL(sandbox));
    expect(sandbox.connections).to.equal(0);
    await raw(sandbox.url);
    await raw(sandbox.url);
    expect(sandbox.connections).to.equal(2);
  });

  it('keeps idle connections longer than node does, and ends them when closed', async () => {
    const sandbox = await open();
    const response = await fetch(sandbox.url);
    await response.text();
    expect(response.headers.get('keep-alive')).to.equal('timeout=75');
    const first = sandbox.close();
    expect(sandbox.close()).to.equal(first);
    await first;
    expect((await failure(raw(sandbox.url))).message).to.contain('ECONNREFUSED');
  });

  it('answers only to its own names, lest pages of others read it through DNS', async () => {
    const sandbox = await open();
    const status = async (host: string) => (await raw(sandbox.url, { headers: { host } })).status;
    for (const host of ['127.0.0.1', 'localhost:1234', 'sandbox.localhost', '[::1]:80', 'LOCALHOST']) {
      expect(await status(host), host).to.equal(200);
    }
    for (const host of ['evil.example', '127.0.0.1.evil.example', '192.0.2.1', 'not a host']) {
      expect(await status(host), host).to.equal(421);
    }
    const named = await open({ host: 'localhost' });
    expect(named.url).to.match(/^http:\/\/localhost:/);
    expect((await raw(named.url)).status).to.equal(200);
  });

  it('moves its clock forward only', async () => {
    const sandbox = await open();
    for (const wrong of [-1, Number.NaN, Infinity, 1e17]) {
      expect(() => sandbox.advance(wrong)).to.throw(TypeError, `sandbox.advance takes milliseconds`);
    }
  });

  it('survives a clock that throws, and requests that are cut off', async () => {
    let broken = false;
    const sandbox = await open({
      now: () => {
        if (broken) throw new Error('no time');
        return start;
      },
    });
    broken = true;
    const answer = await raw(consentURL(sandbox));
    expect([answer.status, answer.body]).to.deep.equal([500, 'Sandbox: no time\n']);
    broken = false;
    const cut = new AbortController();
    const call = fetch(sandbox.endpoints.tokenURL, {
      method: 'POST',
      signal: cut.signal,
      duplex: 'half',
      body: new ReadableStream({ pull: () => cut.abort() }),
    } as RequestInit);
    await failure(call);
    expect((await raw(sandbox.url)).status).to.equal(200);
  });

  describe('refuses', () => {
    const cases: [string, unknown][] = [
      ['port', { port: -1 }],
      ['port', { port: '3000' }],
      ['host', { host: '' }],
      ['seed', { seed: {} }],
      ['now', { now: 1 }],
      ['app', { app: null }],
      ['app.pkce', { app: { pkce: 'yes' } }],
      ['app.service', { app: { service: 'commerce' } }],
      ['app.redirectURIs', { app: { redirectURIs: 'https://app.example/' } }],
      ['app.redirectURIs', { app: { redirectURIs: ['/callback'] } }],
      ['app.callbackURL', { app: { callbackURL: 'http://app.example/' } }],
      ['app.callbackURL', { app: { callbackURL: 'nonsense' } }],
      ['portfolio', { portfolio: 1001 }],
      ['portfolio', { portfolio: 1.5 }],
      ['portfolio', { portfolio: 'all' }],
      ['portfolio', { portfolio: [{ id: 13, name: 'x' }] }],
      ['portfolio', { portfolio: [{ id: '13' }] }],
      ['portfolio', { portfolio: ['13', '13'].map((id) => ({ id, name: null })) }],
      ['rateLimit', { rateLimit: 1 }],
      ['decommissioned', { decommissioned: [1] }],
      ['consentURLMaxAge', { consentURLMaxAge: 0 }],
      ['callbackTimeout', { callbackTimeout: Infinity }],
      ['ports', { ports: 1 }],
      ['PKCE', { app: { PKCE: true } }],
      ['options', null],
    ];
    for (const [option, options] of cases) {
      it(`${inspect(options, { breakLength: Infinity })}, naming the option`, async () => {
        const error = await failure(createSandbox(options as SandboxOptions));
        expect(error).to.be.instanceOf(TypeError);
        expect(error.message).to.contain('createSandbox').and.to.contain(`\`${option}\``);
      });
    }
  });

  describe('page for people', () => {
    it('shows app, clock, consents and requests, but no secret of theirs', async () => {
      const sandbox = await open({ app: { redirectURIs: ['http://127.0.0.1:3000/criteo-auth/callback'] } });
      expect((await raw(sandbox.url)).body.match(/None yet\./g)).to.have.length(2);
      const { access, refresh } = await login(sandbox, ['13']);
      await api(sandbox, access);
      const { body } = await raw(sandbox.url);
      for (const shown of [sandbox.app.clientID, sandbox.app.clientSecret, '2026-11-22 12:00:00 UTC', 'Northwind']) {
        expect(body).to.contain(shown);
      }
      expect(body).to.contain('grant_type=authorization_code').and.to.contain('client_secret=•••');
      expect(body).to.contain('code=•••').and.not.to.contain(access).and.not.to.contain(refresh);
    });

    const send = async (url: string, path: string, form: Record<string, string>, headers = {}) =>
      postForm(url + path, { token: hidden(await raw(`${url}/`), 'token'), ...form }, headers);

    it('moves the clock', async () => {
      const sandbox = await open();
      const { access } = await login(sandbox);
      const answer = await send(sandbox.url, '/sandbox/advance', { seconds: '900' });
      expect([answer.status, answer.headers.location]).to.deep.equal([303, '/']);
      expect((await api(sandbox, access)).errors[0]?.code).to.equal('authorization-token-expired');
      expect((await raw(sandbox.url)).body).to.contain('900 s ahead');
      expect((await send(sandbox.url, '/sandbox/advance', { seconds: '-1' })).status).to.equal(400);
      expect((await send(sandbox.url, '/sandbox/advance', {})).status).to.equal(400);
    });

    it('revokes a consent', async () => {
      const sandbox = await open();
      const { access } = await login(sandbox);
      const consent = hidden(await raw(sandbox.url), 'consent');
      expect((await send(sandbox.url, '/sandbox/revoke', { consent })).status).to.equal(303);
      expect((await api(sandbox, access)).status).to.equal(403);
      expect((await raw(sandbox.url)).body).to.contain('<td>revoked</td>');
    });

    it('revokes nothing when no consent is named', async () => {
      const sandbox = await open();
      const { access } = await login(sandbox);
      await send(sandbox.url, '/sandbox/revoke', {});
      expect((await api(sandbox, access)).status).to.equal(200);
    });

    it('makes a consent link', async () => {
      const sandbox = await open();
      const { body } = await send(sandbox.url, '/sandbox/portal-link', {});
      const link = /<a href="([^"]+)">/.exec(body)?.[1]?.replaceAll('&amp;', '&') ?? '';
      expect(await sandbox.approve(link)).to.equal(`${sandbox.url}/`);
    });

    it('takes its own forms only', async () => {
      const sandbox = await open();
      const { url } = sandbox;
      const seconds = '900';
      expect((await send(url, '/sandbox/advance', { seconds, token: 'guess' })).status).to.equal(403);
      expect((await send(url, '/sandbox/advance', { seconds }, { origin: 'https://evil.example' })).status).to.equal(
        403,
      );
      expect((await raw(`${url}/sandbox/advance?seconds=900`)).status).to.equal(403);
      expect((await send(url, '/sandbox/other', {})).status).to.equal(404);
      expect((await raw(`${url}/`, { method: 'POST' })).status).to.equal(405);
      expect((await raw(`${url}/`)).body).not.to.contain('ahead');
    });

    it('has no icon', async () => {
      const sandbox = await open();
      expect((await raw(`${sandbox.url}/favicon.ico`)).status).to.equal(204);
      expect(sandbox.requests).to.deep.equal([]);
    });
  });
});
