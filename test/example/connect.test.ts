import { expect } from 'chai';
import { CookieClient } from '../support/cookie-client';
import { type RunningExample, startExample } from './support';

describe('Connecting Criteo in the example', () => {
  let example: RunningExample;
  let client: CookieClient;

  beforeEach(async () => {
    example = await startExample();
    client = new CookieClient(example.url);
    await client.post('/sign-in', { name: 'Ada' });
  });
  afterEach(() => example.close());

  const connect = async (...advertisers: string[]) =>
    client.get(await example.sandbox.approve((await client.get('/criteo-connect')).location, { advertisers }));
  const dashboard = async () => (await client.get('/dashboard')).body;
  const connected = async () => [...(await dashboard()).matchAll(/<h2[^>]*>(.*?)<\/h2>/g)].map(([, name]) => name);

  it('signs users in by name, with nothing connected', async () => {
    expect(await dashboard())
      .to.contain('Signed in as <strong>Ada</strong>')
      .and.contain('Nothing is connected yet');
    expect((await client.get('/')).body).to.contain('Ada');
  });

  it('does not sign a user in without a name', async () => {
    for (const name of ['', '   ']) {
      const visitor = new CookieClient(example.url);
      expect((await visitor.post('/sign-in', { name })).location).to.equal(`${example.url}/`);
      expect((await visitor.get('/dashboard')).location).to.equal(`${example.url}/`);
    }
  });

  it('escapes the name of the user', async () => {
    await client.post('/sign-in', { name: '<script>alert(1)</script>' });
    expect(await dashboard())
      .to.contain('&lt;script&gt;')
      .and.not.contain('<script>alert');
  });

  it('connects several portfolios without changing the session', async () => {
    const session = client.cookies()['example.sid'];
    for (const id of ['13', '20481']) {
      const { status, location } = await connect(id);
      expect([status, location]).to.deep.equal([302, `${example.url}/dashboard`]);
    }
    expect(await dashboard()).to.contain('Criteo is connected.');
    expect(await connected()).to.deep.equal(['Alpine Outfitters', 'Casa Verde']);
    expect(await dashboard()).to.contain('Signed in as <strong>Ada</strong>');
    expect(client.cookies()['example.sid']).to.equal(session);
  });

  it('updates a portfolio that is connected already', async () => {
    await connect('13');
    await connect('13');
    expect(await connected()).to.deep.equal(['Alpine Outfitters']);
  });

  it('requires a signed-in user', async () => {
    const { location } = await new CookieClient(example.url).get('/criteo-connect');
    expect(location).to.equal(`${example.url}/`);
  });

  it('adds a portfolio to the account of a user who signed in with Criteo', async () => {
    client = new CookieClient(example.url);
    await client.get(
      await example.sandbox.approve((await client.get('/criteo-auth')).location, { advertisers: ['13'] }),
    );
    await connect('33071');
    expect(await connected()).to.deep.equal(['Alpine Outfitters', 'Delta Bikes']);
  });

  it('does not make a connected portfolio a way to sign in to the account', async () => {
    await connect('13');
    client = new CookieClient(example.url);
    await client.get(
      await example.sandbox.approve((await client.get('/criteo-auth')).location, { advertisers: ['13'] }),
    );
    expect(await dashboard()).not.to.contain('Ada');
  });

  it('refreshes the selected connection only', async () => {
    await connect('13');
    await connect('20481');
    await client.post('/refresh', { connection: '20481' });
    expect(await dashboard()).to.contain('The access token of Casa Verde was refreshed.');
    const first = example.sandbox.requests.filter(({ form }) => form['grant_type'] === 'refresh_token');
    expect(first).to.have.lengthOf(1);
  });

  it('deletes the selected connection only', async () => {
    await connect('13');
    await connect('20481');
    const { status, location } = await client.post('/disconnect', { connection: '13' });
    expect([status, location]).to.deep.equal([303, `${example.url}/dashboard`]);
    expect(await dashboard()).to.contain('Disconnected');
    expect(await connected()).to.deep.equal(['Casa Verde']);
    await client.post('/refresh', { connection: '13' });
    expect(example.tokenRequests('refresh_token')).to.equal(0);
  });

  it('does not let a user change another user’s connections', async () => {
    await connect('13');
    const other = new CookieClient(example.url);
    await other.post('/sign-in', { name: 'Bob' });
    await other.post('/disconnect', { connection: '13' });
    await other.post('/refresh', { connection: '13' });
    expect(await connected()).to.deep.equal(['Alpine Outfitters']);
    expect(example.tokenRequests('refresh_token')).to.equal(0);
  });

  it('rejects a login that another user started, without a token request', async () => {
    const back = await example.sandbox.approve((await client.get('/criteo-connect')).location, { advertisers: ['13'] });
    await client.post('/sign-in', { name: 'Bob' });
    const reply = await client.get(back);
    expect([reply.status, reply.title]).to.deep.equal([403, 'Your sign-in changed meanwhile']);
    expect(reply.body).to.contain('user_changed').and.contain('href="/criteo-connect"');
    expect(example.tokenRequests()).to.equal(0);
    expect(await dashboard()).to.contain('Nothing is connected yet');
  });

  it('rejects the callback of a sign-in at the connect route, and the reverse', async () => {
    const signingIn = new URL(
      await example.sandbox.approve((await client.get('/criteo-auth')).location, { advertisers: ['13'] }),
    );
    const reply = await client.get(`/criteo-connect/callback${signingIn.search}`);
    expect([reply.status, reply.title]).to.deep.equal([400, 'This link works only once']);
    const connecting = new URL(
      await example.sandbox.approve((await client.get('/criteo-connect')).location, { advertisers: ['13'] }),
    );
    expect((await client.get(`/criteo-auth/callback${connecting.search}`)).status).to.equal(400);
    expect(example.tokenRequests()).to.equal(0);
  });

  it('shows a page to a user who declines, and keeps the user signed in', async () => {
    const reply = await client.get(await example.sandbox.deny((await client.get('/criteo-connect')).location));
    expect([reply.status, reply.title]).to.deep.equal([403, 'You declined']);
    expect(reply.body).to.contain('You are still signed in as <strong>Ada</strong>');
  });

  it('shows a page for an expired code', async () => {
    const back = await example.sandbox.approve((await client.get('/criteo-connect')).location, { advertisers: ['13'] });
    example.sandbox.advance(31_000);
    const reply = await client.get(back);
    expect([reply.status, reply.title]).to.deep.equal([401, 'That took a moment too long']);
  });
});
