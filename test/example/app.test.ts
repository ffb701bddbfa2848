import { get, type IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { Visitor } from './visitor';
import { startWorld, type World } from './world';

describe('The example app', () => {
  let world: World;
  let visitor: Visitor;

  beforeEach(async () => {
    world = await startWorld();
    visitor = new Visitor(world.url);
  });
  afterEach(() => world.close());

  const signIn = async (advertisers?: string[]) => {
    const back = await world.sandbox.approve(await visitor.begin(), advertisers && { advertisers });
    return visitor.get(back);
  };

  it('signs somebody in and shows what they shared, and that alone', async () => {
    expect((await visitor.get('/')).body).to.contain('Sign in with Criteo');
    const { status, location } = await signIn(['13', '1352']);
    expect([status, location]).to.deep.equal([303, `${world.url}/dashboard`]);
    const { body } = await visitor.get('/dashboard');
    expect(body).to.contain('Alpine Outfitters').and.contain('2 advertisers').and.not.contain('Casa Verde');
    expect(body, 'escaped').to.contain('Bakery &amp; &lt;b&gt;Sons&lt;/b&gt;');
    expect((await visitor.get('/')).body).to.contain('Welcome back');
  });

  it('gives the browser a new session at sign-in, and says in another tab that it has happened meanwhile', async () => {
    const other = await visitor.begin();
    const before = visitor.cookies.get('example.sid');
    await signIn(['13']);
    expect(visitor.cookies.get('example.sid')).not.to.equal(before);
    const { status, body } = await visitor.get(await world.sandbox.approve(other, { advertisers: ['20481'] }));
    expect(status).to.equal(403);
    expect(body).to.contain('Your sign-in changed meanwhile').and.contain('user_changed');
    expect((await visitor.get('/dashboard')).body)
      .to.contain('Alpine')
      .and.not.contain('Casa Verde');
  });

  it('keeps the session cookie from scripts and from other sites’ forms', async () => {
    const { headers } = await visitor.get('/criteo-auth');
    expect(headers.getSetCookie()).to.have.lengthOf(1);
    expect(headers.getSetCookie()[0]).to.match(/^example\.sid=.*; HttpOnly; SameSite=Lax$/);
  });

  it('sets a secure cookie behind a proxy that ends TLS', async () => {
    await world.close();
    world = await startWorld({ criteo: { callbackURL: 'https://app.example.com/criteo-auth/callback' } });
    visitor = new Visitor(world.url);
    const { headers } = await visitor.get('/criteo-auth', { 'x-forwarded-proto': 'https' });
    expect(headers.getSetCookie()[0]).to.match(/; HttpOnly; Secure; SameSite=Lax$/);
    expect((await visitor.get('/criteo-auth')).headers.getSetCookie(), 'over http').to.deep.equal([]);
  });

  it('lets no other site’s page in, and lets nothing be kept', async () => {
    for (const path of ['/', '/criteo-auth', '/criteo-connect', '/nowhere']) {
      const { headers } = await visitor.get(path);
      expect(headers.get('content-security-policy'), path).to.match(/default-src 'none'.*frame-ancestors 'none'/);
      expect(headers.get('content-security-policy'), path).not.to.contain('unsafe');
      expect(headers.get('cache-control'), path).to.equal('no-store');
      expect(headers.get('x-content-type-options'), path).to.equal('nosniff');
      expect(headers.get('x-powered-by'), path).to.equal(null);
    }
  });

  it('takes forms from its own pages only', async () => {
    await signIn();
    for (const path of ['/refresh', '/disconnect', '/sign-in', '/sign-out']) {
      for (const headers of [{}, { origin: 'https://evil.example' }, { origin: 'null' }]) {
        const { status, title } = await visitor.post(path, { connection: '13', name: 'Eve' }, headers);
        expect([status, title], `${path} ${JSON.stringify(headers)}`).to.deep.equal([
          403,
          'That came from another site',
        ]);
      }
    }
    expect(world.tokenRequests('refresh_token')).to.equal(0);
    expect((await visitor.get('/dashboard')).status).to.equal(200);
  });

  it('begins on the host that Criteo sends people back to, or the cookie would stay behind', async () => {
    const { hostname, port, host } = new URL(world.url);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      get({ hostname, port, path: '/criteo-auth', headers: { host: `127.0.0.1:${port}` } }, resolve).on(
        'error',
        reject,
      );
    });
    answer.resume();
    expect(answer.headers.location).to.equal(`http://${host}/criteo-auth`);
    expect(answer.headers['set-cookie']).to.equal(undefined);
  });

  it('signs out, and keeps the dashboard from those who are not signed in', async () => {
    await signIn();
    expect((await visitor.post('/sign-out')).location).to.equal(`${world.url}/`);
    expect((await visitor.get('/dashboard')).location).to.equal(`${world.url}/`);
    await visitor.post('/refresh', { connection: '13' });
    expect(world.tokenRequests('refresh_token')).to.equal(0);
    expect((await visitor.get('/')).body).to.contain('Sign in with Criteo');
  });

  it('shows Retail Media accounts', async () => {
    await world.close();
    world = await startWorld({
      criteo: { service: 'retail-media' },
      sandbox: { app: { service: 'retail-media' }, portfolio: [{ id: '18446744073709551616', name: 'Shelf One' }] },
    });
    visitor = new Visitor(world.url);
    expect((await visitor.get('/')).body)
      .to.contain('Your accounts, in this app')
      .and.not.contain('advertiser');
    await signIn();
    expect((await visitor.get('/dashboard')).body)
      .to.contain('18446744073709551616')
      .and.contain('1 account<')
      .and.not.contain('advertiser');
  });

  it('works with PKCE', async () => {
    await world.close();
    world = await startWorld({ criteo: { pkce: true }, sandbox: { app: { pkce: true } } });
    visitor = new Visitor(world.url);
    expect((await signIn()).location).to.equal(`${world.url}/dashboard`);
  });

  describe('has a readable page', () => {
    it('for a person who declines', async () => {
      const reply = await visitor.get(await world.sandbox.deny(await visitor.begin()));
      expect([reply.status, reply.title]).to.deep.equal([403, 'You declined']);
      expect(world.tokenRequests()).to.equal(0);
    });

    it('for a person who declines, when Criteo leaves the state out', async () => {
      const reply = await visitor.get('/criteo-auth/callback?error=access_denied&error_description=<b>text</b>');
      expect([reply.status, reply.title]).to.deep.equal([403, 'You declined']);
      expect(reply.body).to.contain('state_missing').and.not.contain('text</b>').and.not.contain('&lt;b&gt;');
    });

    it('for a callback that was used already, without asking Criteo again', async () => {
      const back = await world.sandbox.approve(await visitor.begin());
      await visitor.get(back);
      const reply = await visitor.get(back);
      expect([reply.status, reply.title]).to.deep.equal([400, 'This link works only once']);
      expect(reply.body).to.contain('You are still signed in').and.contain('href="/dashboard"');
      expect(world.tokenRequests()).to.equal(1);
    });

    it('for somebody else’s callback', async () => {
      const back = await world.sandbox.approve(await visitor.begin());
      const reply = await new Visitor(world.url).get(back);
      expect([reply.status, reply.title]).to.deep.equal([400, 'This link works only once']);
      expect(world.tokenRequests()).to.equal(0);
    });

    it('for a code that came too late', async () => {
      const back = await world.sandbox.approve(await visitor.begin());
      world.sandbox.advance(31_000);
      const reply = await visitor.get(back);
      expect([reply.status, reply.title]).to.deep.equal([401, 'That took a moment too long']);
    });

    it('for an empty portfolio', async () => {
      await world.close();
      world = await startWorld({ sandbox: { portfolio: 0 } });
      visitor = new Visitor(world.url);
      const consent = await visitor.begin();
      const reply = await visitor.get(await world.sandbox.approve(consent, { advertisers: [] }));
      expect([reply.status, reply.title]).to.deep.equal([403, 'No advertisers were shared']);
    });

    it('for a damaged callback', async () => {
      const reply = await visitor.get('/criteo-auth/callback?code=a&code=b&state=c');
      expect([reply.status, reply.title]).to.deep.equal([400, 'That link does not work']);
    });

    it('for wrong credentials', async () => {
      world.sandbox.fault({ on: 'token', status: 401 });
      const reply = await signIn();
      expect([reply.status, reply.title]).to.deep.equal([500, 'This app is not set up correctly']);
      expect(world.log.join()).to.contain('invalid_client');
    });

    it('for an outage of Criteo’s, after which signing in works again', async () => {
      world.sandbox.fault({ on: 'token', status: 503 });
      const reply = await signIn();
      expect([reply.status, reply.title]).to.deep.equal([503, 'Criteo cannot be reached']);
      expect((await signIn()).location).to.equal(`${world.url}/dashboard`);
    });

    it('for an address that is none', async () => {
      const reply = await visitor.get('/nowhere');
      expect([reply.status, reply.title]).to.deep.equal([404, 'There is no such page']);
    });
  });
});
