import { expect } from 'chai';
import { api, consentURL, exchange, failure, login, newCode, opener, raw, redirectURI, start, token } from '../support';

describe('sandbox: effects of faults', () => {
  const open = opener();
  const credentials = { grant_type: 'client_credentials' };

  it('happen once by default', async () => {
    const sandbox = await open();
    const { access } = await login(sandbox);
    const once = sandbox.fault({ on: 'api', status: 503 });
    expect((await api(sandbox, access)).status).to.equal(503);
    expect((await api(sandbox, access)).status).to.equal(200);
    expect(once.hits).to.equal(1);
    const twice = sandbox.fault({ on: 'api', status: 500, times: 2 });
    for (const status of [500, 500, 200]) expect((await api(sandbox, access)).status).to.equal(status);
    expect(twice.hits).to.equal(2);
  });

  it('can be cleared', async () => {
    const sandbox = await open();
    const { access } = await login(sandbox);
    const forever = sandbox.fault({ on: 'api', status: 500, times: Infinity });
    for (let call = 0; call < 3; call++) expect((await api(sandbox, access)).status).to.equal(500);
    forever.clear();
    forever.clear();
    expect((await api(sandbox, access)).status).to.equal(200);
    expect(forever.hits).to.equal(3);
  });

  it('come in the order they were added, at their own endpoint', async () => {
    const sandbox = await open();
    const { access } = await login(sandbox);
    sandbox.fault({ on: 'api', status: 500 });
    sandbox.fault({ on: 'token', status: 502 });
    sandbox.fault({ on: 'api', status: 410 });
    expect((await api(sandbox, access)).errors[0]?.code).to.equal('internal-error');
    expect((await api(sandbox, access)).errors[0]?.code).to.equal('version-decommissioned');
    const { status } = await raw(sandbox.endpoints.tokenURL, { method: 'POST' });
    expect(status).to.equal(502);
    expect((await token(sandbox, credentials)).status).to.equal(200);
  });

  it('can be limited to some requests', async () => {
    const sandbox = await open();
    const { refresh } = await login(sandbox);
    sandbox.fault({ on: 'token', status: 400, when: ({ form }) => form['grant_type'] === 'refresh_token' });
    expect((await token(sandbox, credentials)).status).to.equal(200);
    expect(await token(sandbox, { grant_type: 'refresh_token', refresh_token: refresh })).to.include({
      status: 400,
      error: 'invalid_grant',
    });
  });

  it('come before the work, or after it', async () => {
    const sandbox = await open();
    const code = await newCode(sandbox);
    sandbox.fault({ on: 'token', status: 401 });
    expect(await exchange(sandbox, code)).to.include({ status: 401, error: 'invalid_client' });
    sandbox.fault({ on: 'token', reset: true, after: true });
    await failure(exchange(sandbox, code));
    expect(await exchange(sandbox, code)).to.include({ error: 'invalid_grant' });
  });

  it('respond with any status, headers and body', async () => {
    const sandbox = await open();
    const ask = () => raw(sandbox.endpoints.tokenURL, { method: 'POST' });
    sandbox.fault({ on: 'token', status: 200, body: { access_token: null } });
    sandbox.fault({ on: 'token', status: 200, body: 'null' });
    sandbox.fault({ on: 'token', status: 200, body: null });
    sandbox.fault({ on: 'token', status: 200, body: Buffer.from('\ufeff{}') });
    sandbox.fault({ on: 'token', status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' });
    expect((await ask()).body).to.equal('{"access_token":null}');
    expect((await ask()).body).to.equal('null');
    expect((await ask()).body).to.equal('null');
    expect((await ask()).body).to.equal('\ufeff{}');
    const moved = await ask();
    expect([moved.status, moved.headers.location]).to.deep.equal([302, 'http://127.0.0.1:1/']);
  });

  it('cut the connection if their body is none, so that no client waits for it', async () => {
    const sandbox = await open();
    sandbox.fault({ on: 'token', status: 200, body: () => 'no JSON' });
    const { message } = await failure(raw(sandbox.endpoints.tokenURL, { method: 'POST' }));
    expect(message).to.match(/socket hang up|ECONNRESET/);
  });

  it('limit the rate', async () => {
    const sandbox = await open();
    const { access } = await login(sandbox);
    sandbox.fault({ on: 'api', rateLimit: true });
    sandbox.fault({ on: 'api', rateLimit: 2 });
    sandbox.fault({ on: 'token', rateLimit: 0 });
    const first = await api(sandbox, access);
    expect(first.status).to.equal(429);
    expect(first.errors[0]?.code).to.equal('rate-limit-exceeded');
    expect(first.headers.get('x-ratelimit-remaining')).to.equal('0');
    expect(first.headers.get('x-ratelimit-reset')).to.equal(String(start / 1000 + 60));
    expect((await api(sandbox, access)).headers.get('x-ratelimit-reset')).to.equal(String(start / 1000 + 2));
    expect((await raw(sandbox.endpoints.tokenURL, { method: 'POST' })).headers['x-ratelimit-reset']).to.equal(
      String(start / 1000),
    );
  });

  it('cut the connection before the response, or in the middle of it', async () => {
    const sandbox = await open();
    const { access } = await login(sandbox);
    const url = `${sandbox.url}/2026-07/advertisers/me`;
    const headers = { authorization: `Bearer ${access}` };
    sandbox.fault({ on: 'api', reset: true });
    expect((await failure(raw(url, { headers }))).message).to.contain('ECONNRESET');
    sandbox.fault({ on: 'api', truncate: true });
    expect((await failure(raw(url, { headers }))).message).to.equal('aborted');
    expect(sandbox.requests.slice(-2).map(({ status }) => status)).to.deep.equal([undefined, undefined]);
    expect((await raw(url, { headers })).status).to.equal(200);
  });

  it('never respond, until the sandbox is closed', async () => {
    const sandbox = await open();
    sandbox.fault({ on: 'consent', hang: true });
    sandbox.fault({ on: 'consent', delay: 1_000_000 });
    const hanging = failure(raw(consentURL(sandbox)));
    const delayed = failure(raw(consentURL(sandbox)));
    while (sandbox.requests.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await sandbox.close();
    expect((await hanging).message).to.match(/hang up|ECONNRESET/);
    expect((await delayed).message).to.match(/hang up|ECONNRESET/);
  });

  it('delay a response that is otherwise right', async () => {
    const sandbox = await open();
    sandbox.fault({ on: 'consent', delay: 60, times: 2 });
    const before = performance.now();
    expect(await sandbox.deny(consentURL(sandbox))).to.equal(`${redirectURI}?error=access_denied&state=st`);
    expect(performance.now() - before).to.be.greaterThan(110);
  });

  it('of the consent page are plain text', async () => {
    const sandbox = await open();
    sandbox.fault({ on: 'consent', status: 500 });
    const page = await raw(consentURL(sandbox));
    expect([page.status, page.headers['content-type']]).to.deep.equal([500, 'text/plain; charset=utf-8']);
  });

  describe('are refused, naming the field,', () => {
    const cases: [Record<string, unknown>, string][] = [
      [{ on: 'profile' }, '`on` must be'],
      [{}, '`on` must be'],
      [{ on: 'api', times: 0 }, '`times` must be'],
      [{ on: 'api', times: 1.5 }, '`times` must be'],
      [{ on: 'api', delay: -1 }, '`delay` must be'],
      [{ on: 'api', delay: '1' }, '`delay` must be'],
      [{ on: 'api', status: 199 }, '`status` must be'],
      [{ on: 'api', status: 600 }, '`status` must be'],
      [{ on: 'api', rateLimit: -1 }, '`rateLimit` must be'],
      [{ on: 'api', body: 'x' }, '`status` must be given'],
      [{ on: 'api', headers: {} }, '`status` must be given'],
      [{ on: 'api', status: 500, reset: true }, 'only one of'],
      [{ on: 'api', hang: true, truncate: true }, 'only one of'],
      [{ on: 'api', rateLimit: 0, reset: true }, 'only one of'],
      [{ on: 'api', when: true }, '`when` must be'],
      [{ on: 'api', omitRefreshToken: true }, '`omitRefreshToken` must be left out'],
      [{ on: 'delivery', status: 500 }, '`status` must be left out'],
      [{ on: 'token', corrupt: true }, '`corrupt` must be left out'],
      [{ on: 'delivery', late: -1 }, '`late` must be'],
      [{ on: 'api', status: 500, headers: { 'two words': 'x' } }, '`headers` has "two words"'],
      [{ on: 'api', status: 500, headers: { x: 'a\r\nset-cookie: b' } }, '`headers` has "x"'],
      [{ on: 'api', status: 500, headers: { 'Content-Length': '3' } }, '`headers` must be without Content-Length'],
      [{ on: 'api', status: 500, headers: { 'transfer-encoding': 'chunked' } }, '`headers` must be without transfer'],
      [{ on: 'api', status: 500, match: { app: 'none' } }, 'there is no app with the client id none'],
    ];
    for (const [fault, message] of cases) {
      it(JSON.stringify(fault), async () => {
        const sandbox = await open();
        expect(() => Reflect.apply(sandbox.fault, sandbox, [fault])).to.throw(TypeError, message);
      });
    }
  });
});
