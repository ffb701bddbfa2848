import { expect } from 'chai';
import { Visitor } from './visitor';
import { startWorld, type World } from './world';

describe('Connecting Criteo in the example', () => {
  let world: World;
  let visitor: Visitor;

  beforeEach(async () => {
    world = await startWorld();
    visitor = new Visitor(world.url);
    await visitor.post('/sign-in', { name: 'Ada' });
  });
  afterEach(() => world.close());

  const connect = async (...advertisers: string[]) =>
    visitor.get(await world.sandbox.approve(await visitor.begin('/criteo-connect'), { advertisers }));
  const dashboard = async () => (await visitor.get('/dashboard')).body;
  const connected = async () => [...(await dashboard()).matchAll(/<h2[^>]*>(.*?)<\/h2>/g)].map(([, name]) => name);

  it('signs people in by name, with nothing connected', async () => {
    expect(await dashboard())
      .to.contain('Signed in as <strong>Ada</strong>')
      .and.contain('Nothing is connected yet');
    expect((await visitor.get('/')).body).to.contain('Ada');
  });

  it('signs nobody in without a name', async () => {
    for (const name of ['', '   ']) {
      const nobody = new Visitor(world.url);
      expect((await nobody.post('/sign-in', { name })).location).to.equal(`${world.url}/`);
      expect((await nobody.get('/dashboard')).location).to.equal(`${world.url}/`);
    }
  });

  it('shows a name as it is', async () => {
    await visitor.post('/sign-in', { name: '<script>alert(1)</script>' });
    expect(await dashboard())
      .to.contain('&lt;script&gt;')
      .and.not.contain('<script>alert');
  });

  it('adds portfolio after portfolio, and leaves the session as it is', async () => {
    const session = visitor.cookies.get('example.sid');
    for (const id of ['13', '20481']) {
      const { status, location } = await connect(id);
      expect([status, location]).to.deep.equal([302, `${world.url}/dashboard`]);
    }
    expect(await dashboard()).to.contain('Criteo is connected.');
    expect(await connected()).to.deep.equal(['Alpine Outfitters', 'Casa Verde']);
    expect(await dashboard()).to.contain('Signed in as <strong>Ada</strong>');
    expect(visitor.cookies.get('example.sid')).to.equal(session);
  });

  it('renews a portfolio that is connected already', async () => {
    await connect('13');
    await connect('13');
    expect(await connected()).to.deep.equal(['Alpine Outfitters']);
  });

  it('is for people who are signed in', async () => {
    const { location } = await new Visitor(world.url).get('/criteo-connect');
    expect(location).to.equal(`${world.url}/`);
  });

  it('adds to the account of those who signed in with Criteo', async () => {
    visitor = new Visitor(world.url);
    await visitor.get(await world.sandbox.approve(await visitor.begin(), { advertisers: ['13'] }));
    await connect('33071');
    expect(await connected()).to.deep.equal(['Alpine Outfitters', 'Delta Bikes']);
  });

  it('opens nobody’s account by the portfolio that they connected', async () => {
    await connect('13');
    visitor = new Visitor(world.url);
    await visitor.get(await world.sandbox.approve(await visitor.begin(), { advertisers: ['13'] }));
    expect(await dashboard()).not.to.contain('Ada');
  });

  it('refreshes the connection that was asked for', async () => {
    await connect('13');
    await connect('20481');
    await visitor.post('/refresh', { connection: '20481' });
    expect(await dashboard()).to.contain('The access token was refreshed.');
    const first = world.sandbox.requests.filter(({ form }) => form['grant_type'] === 'refresh_token');
    expect(first).to.have.lengthOf(1);
  });

  it('forgets a connection, that one alone', async () => {
    await connect('13');
    await connect('20481');
    const { status, location } = await visitor.post('/disconnect', { connection: '13' });
    expect([status, location]).to.deep.equal([303, `${world.url}/dashboard`]);
    expect(await dashboard()).to.contain('Disconnected');
    expect(await connected()).to.deep.equal(['Casa Verde']);
    await visitor.post('/refresh', { connection: '13' });
    expect(world.tokenRequests('refresh_token')).to.equal(0);
  });

  it('touches nobody else’s connections', async () => {
    await connect('13');
    const other = new Visitor(world.url);
    await other.post('/sign-in', { name: 'Bob' });
    await other.post('/disconnect', { connection: '13' });
    await other.post('/refresh', { connection: '13' });
    expect(await connected()).to.deep.equal(['Alpine Outfitters']);
    expect(world.tokenRequests('refresh_token')).to.equal(0);
  });

  it('stops when somebody else finishes than began, before Criteo is asked for tokens', async () => {
    const back = await world.sandbox.approve(await visitor.begin('/criteo-connect'), { advertisers: ['13'] });
    await visitor.post('/sign-in', { name: 'Bob' });
    const reply = await visitor.get(back);
    expect([reply.status, reply.title]).to.deep.equal([403, 'Your sign-in changed meanwhile']);
    expect(reply.body).to.contain('user_changed').and.contain('href="/criteo-connect"');
    expect(world.tokenRequests()).to.equal(0);
    expect(await dashboard()).to.contain('Nothing is connected yet');
  });

  it('takes no answer that belongs to a sign-in, and the other way round', async () => {
    const signingIn = new URL(await world.sandbox.approve(await visitor.begin(), { advertisers: ['13'] }));
    const reply = await visitor.get(`/criteo-connect/callback${signingIn.search}`);
    expect([reply.status, reply.title]).to.deep.equal([400, 'This link works only once']);
    const connecting = new URL(
      await world.sandbox.approve(await visitor.begin('/criteo-connect'), { advertisers: ['13'] }),
    );
    expect((await visitor.get(`/criteo-auth/callback${connecting.search}`)).status).to.equal(400);
    expect(world.tokenRequests()).to.equal(0);
  });

  it('tells who declines, and keeps them signed in', async () => {
    const reply = await visitor.get(await world.sandbox.deny(await visitor.begin('/criteo-connect')));
    expect([reply.status, reply.title]).to.deep.equal([403, 'You declined']);
    expect(reply.body).to.contain('You are still signed in as <strong>Ada</strong>');
  });

  it('tells of a code that came too late', async () => {
    const back = await world.sandbox.approve(await visitor.begin('/criteo-connect'), { advertisers: ['13'] });
    world.sandbox.advance(31_000);
    const reply = await visitor.get(back);
    expect([reply.status, reply.title]).to.deep.equal([401, 'That took a moment too long']);
  });
});
