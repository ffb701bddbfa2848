import { expect } from 'chai';
import { api, hidden, login, opener, postForm, raw } from '../support';

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
    expect((await raw(sandbox.url)).body).to.contain('900 s ahead');
    expect((await send(sandbox.url, '/sandbox/advance', { seconds: '-901' })).status).to.equal(303);
    expect((await raw(sandbox.url)).body).to.contain('1 s behind');
    expect((await send(sandbox.url, '/sandbox/advance', { seconds: '1.5' })).status).to.equal(400);
    expect((await send(sandbox.url, '/sandbox/advance', {})).status).to.equal(400);
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
});
