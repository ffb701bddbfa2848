import { expect } from 'chai';
import { CookieClient } from '../support/cookie-client';
import { type RunningExample, startExample } from './support';

describe('The example’s dashboard', () => {
  let example: RunningExample;
  let client: CookieClient;

  beforeEach(async () => {
    example = await startExample({ criteo: { timeout: 1_000 } });
    client = new CookieClient(example.url);
    await client.get(
      await example.sandbox.approve((await client.get('/criteo-auth')).location, { advertisers: ['13'] }),
    );
  });
  afterEach(() => example.close());

  const dashboard = async () => (await client.get('/dashboard')).body;
  const refresh = () => client.post('/refresh', { connection: '13' });
  const connect = async (id: string) =>
    client.get(await example.sandbox.approve((await client.get('/criteo-connect')).location, { advertisers: [id] }));

  it('fetches the portfolio each time, with the stored token', async () => {
    const calls = () => example.sandbox.requests.filter(({ path }) => path === '/2026-07/advertisers/me').length;
    const before = calls();
    await dashboard();
    await dashboard();
    expect(calls()).to.equal(before + 2);
    expect(example.tokenRequests()).to.equal(1);
  });

  it('shows what Criteo reports now, not what it reported at the login', async () => {
    const attributes = { advertiserName: 'Alpine & Sons' };
    example.sandbox.fault({ on: 'api', status: 200, body: { data: [{ id: '13', attributes }, { id: '14' }, null] } });
    expect(await dashboard())
      .to.contain('Alpine &amp; Sons')
      .and.contain('2 advertisers')
      .and.contain('Without a name');
  });

  it('refreshes an expired token, and shows the time', async () => {
    expect(await dashboard()).to.contain('Access token, obtained at');
    example.sandbox.advance(16 * 60_000);
    expect(await dashboard())
      .to.contain('Access token, refreshed at')
      .and.contain('Alpine Outfitters');
    expect(example.tokenRequests('refresh_token')).to.equal(1);
  });

  it('refreshes the token on request, and shows a message once', async () => {
    const { status, location } = await refresh();
    expect([status, location]).to.deep.equal([303, `${example.url}/dashboard#refresh-13`]);
    expect(await dashboard())
      .to.contain('The access token of Alpine Outfitters was refreshed.')
      .and.contain('Access token, refreshed at');
    expect(await dashboard()).not.to.contain('The access token of Alpine Outfitters was refreshed.');
    expect(example.tokenRequests('refresh_token')).to.equal(1);
  });

  for (const [what, fault] of [
    ['keeps the old refresh token if Criteo sends no new one', { omitRefreshToken: true }],
    ['uses the new refresh token if Criteo sends one', { rotateRefreshToken: true }],
  ] as const) {
    it(what, async () => {
      example.sandbox.fault({ on: 'token', ...fault });
      await refresh();
      await dashboard();
      // A token that was issued a moment ago is not refreshed.
      while (example.tokenRequests('refresh_token') < 2) {
        await refresh();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(await dashboard()).to.contain('The access token of Alpine Outfitters was refreshed.');
    });
  }

  it('offers to reconnect after the consent was revoked, on the page and after a refresh', async () => {
    await example.sandbox.revoke();
    for (const find of [dashboard, refresh, dashboard]) {
      await find();
      const body = await dashboard();
      expect(body).to.contain('This connection has ended.').and.contain('>Reconnect<');
      expect(body, 'nothing to refresh').not.to.contain('Refresh now');
    }
    expect(example.tokenRequests('refresh_token'), 'asked once').to.equal(1);
    await connect('13');
    expect(await dashboard())
      .to.contain('Refresh now')
      .and.not.contain('This connection has ended.');
  });

  it('offers to reconnect if the refresh token has expired', async () => {
    example.sandbox.advance(190 * 86_400_000);
    expect(await dashboard()).to.contain('This connection has ended.');
  });

  it('does not change other connections if one has ended', async () => {
    await connect('20481');
    const refused = (token: string) =>
      token === example.sandbox.requests.find(({ path }) => path.endsWith('/me'))?.headers.authorization;
    example.sandbox.fault({ on: 'api', status: 403, when: ({ headers }) => refused(String(headers.authorization)) });
    const [, alpine = '', casa = ''] = (await dashboard()).split('<section');
    expect(alpine).to.contain('Alpine').and.contain('Reconnect');
    expect(casa).to.contain('Casa Verde').and.contain('Refresh now').and.not.contain('Reconnect');
  });

  it('shows the stored portfolio and a message if Criteo is down', async () => {
    example.sandbox.fault({ on: 'api', status: 503, times: Infinity });
    const { status, body } = await client.get('/dashboard');
    expect(status).to.equal(200);
    expect(body)
      .to.contain('Criteo cannot be reached. This is what was shared when you connected.')
      .and.contain('Alpine Outfitters')
      .and.contain('Refresh now');
  });

  it('shows the stored portfolio and a message if Criteo does not respond', async () => {
    example.sandbox.fault({ on: 'api', hang: true });
    expect(await dashboard())
      .to.contain('Criteo took too long.')
      .and.contain('Alpine Outfitters');
  });

  it('shows an error page if a refresh fails because Criteo is down', async () => {
    example.sandbox.fault({ on: 'token', status: 503, times: Infinity });
    const reply = await refresh();
    expect([reply.status, reply.title]).to.deep.equal([503, 'Criteo cannot be reached']);
  });

  it('sends no request to Criteo after the user disconnected', async () => {
    await client.post('/disconnect', { connection: '13' });
    const requests = example.sandbox.requests.length;
    await dashboard();
    await refresh();
    expect(example.sandbox.requests).to.have.lengthOf(requests);
  });
});
