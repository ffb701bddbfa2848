import { expect } from 'chai';
import { api, consentURL, exchange, hidden, login, opener, postForm, raw, start } from '../support';

describe('sandbox: console', () => {
  const open = opener();

  it('shows app, clock, consents and exchanges, but no secret in the exchanges', async () => {
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
    expect((await raw(sandbox.url)).body).to.contain('here, 15 min ahead.');
    expect((await send(sandbox.url, '/sandbox/advance', { seconds: '-901' })).status).to.equal(303);
    expect((await raw(sandbox.url)).body).to.contain('here, 1 s behind.');
    expect((await send(sandbox.url, '/sandbox/advance', { seconds: '15642031' })).status).to.equal(303);
    expect((await raw(sandbox.url)).body).to.contain('here, 181 d 1 h 30 s ahead.');
    expect((await send(sandbox.url, '/sandbox/advance', { seconds: '1.5' })).status).to.equal(400);
    expect((await send(sandbox.url, '/sandbox/advance', {})).status).to.equal(400);
  });

  it('says what it cannot do', async () => {
    const sandbox = await open();
    sandbox.setTime(0);
    for (const [path, form, reason] of [
      ['/sandbox/advance', { seconds: '-1' }, 'a time after 1970'],
      ['/sandbox/portal-link', { app: 'none' }, 'there is no app with the client id none'],
    ] as const) {
      const { status, body } = await send(sandbox.url, path, form);
      expect([status, body.includes(reason)]).to.deep.equal([400, true]);
    }
  });

  it('revokes a consent', async () => {
    const sandbox = await open();
    const { access } = await login(sandbox);
    const consent = hidden(await raw(sandbox.url), 'consent');
    expect((await send(sandbox.url, '/sandbox/revoke', { consent })).status).to.equal(303);
    expect((await api(sandbox, access)).status).to.equal(403);
    expect((await raw(sandbox.url)).body).to.contain('<span class="soft">revoked</span>');
  });

  it('revokes nothing if no consent is named', async () => {
    const sandbox = await open();
    const { access } = await login(sandbox);
    await send(sandbox.url, '/sandbox/revoke', {});
    expect((await api(sandbox, access)).status).to.equal(200);
  });

  it('makes a consent link', async () => {
    const sandbox = await open();
    const { body } = await send(sandbox.url, '/sandbox/portal-link', {});
    const link = /<a href="(http[^"]+)">/.exec(body)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(await sandbox.approve(link)).to.equal(`${sandbox.url}/`);
  });

  it('accepts its own forms only', async () => {
    const sandbox = await open();
    const { url } = sandbox;
    const seconds = '900';
    expect((await send(url, '/sandbox/advance', { seconds, token: 'guess' })).status).to.equal(403);
    expect((await send(url, '/sandbox/advance', { seconds }, { origin: 'https://evil.example' })).status).to.equal(403);
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

  it('opens each exchange to request, checks and response, without secrets', async () => {
    const sandbox = await open();
    const { access, refresh } = await login(sandbox, ['13']);
    await api(sandbox, access);
    await exchange(sandbox, 'made-up-code');
    const { body } = await raw(`${sandbox.url}/sandbox/exchanges`);
    for (const shown of [
      'Consent page',
      'Approval',
      'Code exchange',
      'Advertisers',
      'Client id and secret are right',
    ]) {
      expect(body).to.contain(shown);
    }
    expect(body).to.contain('<li class="failed">The authorization code is unknown</li>');
    expect(body).to.contain('&quot;access_token&quot;:&quot;•••&quot;').and.to.contain('code=•••');
    for (const secret of [access, refresh, 'made-up-code', sandbox.app.clientSecret]) {
      expect(body).not.to.contain(secret.replaceAll('+', '&#43;')).and.not.to.contain(secret);
    }
  });

  it('pages and filters exchanges', async () => {
    const sandbox = await open();
    const other = sandbox.addApp({ name: 'Another' });
    for (let count = 0; count < 60; count++) await exchange(sandbox, 'x');
    await exchange(sandbox, 'x', { client_id: other.clientID, client_secret: other.credentials.clientSecret });
    await raw(consentURL(sandbox));
    const shown = async (query: string) => {
      const { body } = await raw(`${sandbox.url}/sandbox/exchanges${query}`);
      return body.match(/<details id="exchange-/g)?.length ?? 0;
    };
    expect(await shown('')).to.equal(50);
    expect(await shown('?before=13')).to.equal(12);
    expect(await shown('?endpoint=consent')).to.equal(1);
    expect(await shown(`?app=${other.clientID}`)).to.equal(1);
    expect(await shown('?result=refused&before=x&endpoint=nowhere')).to.equal(50);
    expect(await shown('?app=nobody')).to.equal(0);
  });

  it('shows which apps are connected, and revokes from there', async () => {
    const sandbox = await open({ app: { name: 'Reports' } });
    const page = `${sandbox.url}/sandbox/connected-apps`;
    expect((await raw(page)).body).to.contain('None yet.');
    sandbox.grant({ kind: 'login' });
    const before = await raw(page);
    expect(before.body).to.contain('Reports').and.to.contain('Not expired: 1 access token, 1 refresh token.');
    const form = { consent: hidden(before, 'consent'), from: '/sandbox/connected-apps', how: 'role-change' };
    const answer = await send(sandbox.url, '/sandbox/revoke', form);
    expect([answer.status, answer.headers.location]).to.deep.equal([303, '/sandbox/connected-apps']);
    expect((await raw(page)).body).to.contain('revoked (role change)');
    expect(sandbox.consents[0]?.revoked).to.equal('role-change');
  });

  it('adds and clears faults, and switches variants', async () => {
    const sandbox = await open();
    expect((await send(sandbox.url, '/sandbox/faults', { preset: 'api-500', times: 'always' })).status).to.equal(303);
    expect((await send(sandbox.url, '/sandbox/faults', { preset: 'token-503' })).status).to.equal(303);
    expect(sandbox.faults.map(({ fault, left }) => [fault.on, left])).to.deep.equal([
      ['api', Infinity],
      ['token', 1],
    ]);
    const { body } = await raw(`${sandbox.url}/sandbox/switches`);
    expect(body).to.contain('until cleared, met by 0 so far').and.to.contain('1 more, met by 0 so far');
    await send(sandbox.url, '/sandbox/clear-fault', { fault: sandbox.faults[0]?.id ?? '' });
    expect(sandbox.faults).to.have.length(1);
    expect((await send(sandbox.url, '/sandbox/faults', { preset: 'all' })).status).to.equal(400);
    await send(sandbox.url, '/sandbox/variants', { name: 'keyPair', variant: 'app' });
    expect(sandbox.variants.keyPair).to.equal('app');
    for (const form of [{ name: 'keyPair', variant: 'x' }, { name: '__proto__', variant: 'x' }, {}]) {
      expect((await send(sandbox.url, '/sandbox/variants', form)).status).to.equal(400);
    }
    expect((await raw(`${sandbox.url}/sandbox/switches`)).body).to.contain('1 differ from their default.');
  });

  it('resets the sandbox, and never leads to another website', async () => {
    const sandbox = await open();
    sandbox.grant();
    sandbox.advance(1_000);
    const answer = await send(sandbox.url, '/sandbox/reset', { from: 'https://evil.example/' });
    expect([answer.status, answer.headers.location]).to.deep.equal([303, '/']);
    expect([sandbox.consents.length, sandbox.now]).to.deep.equal([0, start]);
  });

  it('leads back to the app, and from an error page to where the user came from', async () => {
    const sandbox = await open({ app: { name: 'Reports' } });
    await raw(consentURL(sandbox));
    expect((await raw(sandbox.url)).body).to.contain('<a href="http://127.0.0.1:3000/">Back to Reports</a>');
    const visit = (referer: string) => raw(consentURL(sandbox, { client_id: 'x' }), { headers: { referer } });
    expect((await visit('http://localhost:3000/login?secret')).body).to.contain(
      '<a href="http://localhost:3000/">Back to http://localhost:3000</a>',
    );
    expect((await visit('javascript:alert(1)')).body).not.to.contain('Back to');
  });

  it('shortens what a consent shares', async () => {
    const sandbox = await open({ portfolio: 40 });
    sandbox.grant();
    for (let count = 0; count < 14; count++) sandbox.grant({ advertisers: ['13'] });
    await sandbox.revoke();
    const { body } = await raw(`${sandbox.url}/sandbox/connected-apps`);
    expect(body).to.contain('Café Soleil and 35 more');
    expect((await raw(sandbox.url)).body).to.contain('All 15 consents');
  });
});
