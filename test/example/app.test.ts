import { expect } from 'chai';
import { MemoryStore, type SessionData } from 'express-session';
import { CookieClient } from '../support/cookie-client';
import { type RunningExample, startExample } from './support';

describe('The example app', () => {
  let example: RunningExample;
  let client: CookieClient;

  beforeEach(async () => {
    example = await startExample();
    client = new CookieClient(example.url);
  });
  afterEach(() => example.close());

  const signIn = async (advertisers?: string[]) => {
    const back = await example.sandbox.approve(
      (await client.get('/criteo-auth')).location,
      advertisers && { advertisers },
    );
    return client.get(back);
  };

  it('signs a user in, and shows only what the user shared', async () => {
    expect((await client.get('/')).body).to.contain('Sign in with Criteo');
    const { status, location } = await signIn(['13', '1352']);
    expect([status, location]).to.deep.equal([303, `${example.url}/dashboard`]);
    const { body } = await client.get('/dashboard');
    expect(body).to.contain('Alpine Outfitters').and.contain('2 advertisers').and.not.contain('Casa Verde');
    expect(body, 'escaped').to.contain('Bakery &amp; &lt;b&gt;Sons&lt;/b&gt;');
    expect((await client.get('/')).body).to.contain('Welcome back');
  });

  it('starts a new session at sign-in, and shows in another tab that the sign-in has changed', async () => {
    const other = (await client.get('/criteo-auth')).location;
    const before = client.cookies()['example.sid'];
    await signIn(['13']);
    expect(client.cookies()['example.sid']).not.to.equal(before);
    const { status, body } = await client.get(await example.sandbox.approve(other, { advertisers: ['20481'] }));
    expect(status).to.equal(403);
    expect(body).to.contain('Your sign-in changed meanwhile').and.contain('user_changed');
    expect((await client.get('/dashboard')).body)
      .to.contain('Alpine')
      .and.not.contain('Casa Verde');
  });

  it('keeps the user’s id in the session, but neither the user nor tokens', async () => {
    const saved: string[] = [];
    const { set } = MemoryStore.prototype;
    MemoryStore.prototype.set = function (this: MemoryStore, id, session: SessionData, callback) {
      saved.push(JSON.stringify(session));
      return set.call(this, id, session, callback);
    };
    try {
      await signIn(['13']);
      await client.get((await client.get('/criteo-connect')).location);
      await client.post('/refresh', { connection: '13' });
    } finally {
      MemoryStore.prototype.set = set;
    }
    const { cookie: _, ...session } = JSON.parse(saved.at(-1) ?? '{}');
    expect(session.passport).to.deep.equal({ user: 'criteo:13' });
    const authorization = example.sandbox.requests.map(({ headers }) => String(headers.authorization ?? ''));
    const tokens = [
      ...authorization.filter(Boolean).map((header) => header.replace('Bearer ', '')),
      ...example.sandbox.requests.map(({ form }) => form['refresh_token']),
    ].filter((token) => token !== undefined);
    expect(new Set(tokens)).to.have.property('size').that.is.at.least(2);
    for (const token of tokens) expect(saved.join('\n')).not.to.contain(token);
  });

  it('sets a session cookie that scripts and forms of other sites cannot use', async () => {
    const { setCookies } = await client.get('/criteo-auth');
    expect(setCookies).to.have.lengthOf(1);
    expect(setCookies[0]).to.match(/^example\.sid=.*; HttpOnly; SameSite=Lax$/);
  });

  it('sets a secure cookie behind a proxy that ends TLS', async () => {
    await example.close();
    example = await startExample({ criteo: { callbackURL: 'https://app.example.com/criteo-auth/callback' } });
    client = new CookieClient(example.url);
    const { setCookies } = await client.get('/criteo-auth', { headers: { 'x-forwarded-proto': 'https' } });
    expect(setCookies[0]).to.match(/; HttpOnly; Secure; SameSite=Lax$/);
    expect((await client.get('/criteo-auth')).setCookies, 'over http').to.deep.equal([]);
  });

  it('allows no content from other sites, and no caching', async () => {
    for (const path of ['/', '/criteo-auth', '/criteo-connect', '/nowhere']) {
      const { headers } = await client.get(path);
      expect(headers['content-security-policy'], path).to.match(/default-src 'none'.*frame-ancestors 'none'/);
      expect(headers['content-security-policy'], path).not.to.contain('unsafe');
      expect(headers['cache-control'], path).to.equal('no-store');
      expect(headers['x-content-type-options'], path).to.equal('nosniff');
      expect(headers['x-powered-by'], path).to.equal(undefined);
    }
  });

  it('accepts forms of its own pages only', async () => {
    await signIn();
    for (const path of ['/refresh', '/disconnect', '/sign-in', '/sign-out']) {
      for (const headers of [{}, { origin: 'https://evil.example' }, { origin: 'null' }]) {
        const { status, title } = await client.post(path, { connection: '13', name: 'Eve' }, headers);
        expect([status, title], `${path} ${JSON.stringify(headers)}`).to.deep.equal([
          403,
          'That came from another site',
        ]);
      }
    }
    expect(example.tokenRequests('refresh_token')).to.equal(0);
    expect((await client.get('/dashboard')).status).to.equal(200);
  });

  it('redirects to the host of the callback URL before a login starts, because cookies belong to one host', async () => {
    const { host, port } = new URL(example.url);
    const { location, setCookies } = await client.get('/criteo-auth', { headers: { host: `127.0.0.1:${port}` } });
    expect(location).to.equal(`http://${host}/criteo-auth`);
    expect(setCookies).to.deep.equal([]);
  });

  it('signs out, and shows the dashboard to signed-in users only', async () => {
    await signIn();
    expect((await client.post('/sign-out')).location).to.equal(`${example.url}/`);
    expect((await client.get('/dashboard')).location).to.equal(`${example.url}/`);
    await client.post('/refresh', { connection: '13' });
    expect(example.tokenRequests('refresh_token')).to.equal(0);
    expect((await client.get('/')).body).to.contain('Sign in with Criteo');
  });

  it('shows Retail Media accounts', async () => {
    await example.close();
    example = await startExample({
      criteo: { service: 'retail-media' },
      sandbox: { app: { service: 'retail-media' }, portfolio: [{ id: '18446744073709551616', name: 'Shelf One' }] },
    });
    client = new CookieClient(example.url);
    expect((await client.get('/')).body)
      .to.contain('Your accounts, in this app')
      .and.not.contain('advertiser');
    await signIn();
    expect((await client.get('/dashboard')).body)
      .to.contain('18446744073709551616')
      .and.contain('1 account<')
      .and.not.contain('advertiser');
  });

  it('works with PKCE', async () => {
    await example.close();
    example = await startExample({ criteo: { pkce: true }, sandbox: { app: { pkce: true } } });
    client = new CookieClient(example.url);
    expect((await signIn()).location).to.equal(`${example.url}/dashboard`);
  });

  describe('shows a page', () => {
    it('for a user who declines', async () => {
      const reply = await client.get(await example.sandbox.deny((await client.get('/criteo-auth')).location));
      expect([reply.status, reply.title]).to.deep.equal([403, 'You declined']);
      expect(firstButton(reply.body), 'another try').to.equal('/criteo-auth');
      expect(reply.body, 'the message of the strategy').to.contain('<dt>Message</dt>');
      expect(example.log.join(), 'the code in the log').to.match(/^access_denied: \w/);
      expect(example.tokenRequests()).to.equal(0);
    });

    it('for a user who declines if Criteo leaves the state out', async () => {
      const reply = await client.get('/criteo-auth/callback?error=access_denied&error_description=<b>text</b>');
      expect([reply.status, reply.title]).to.deep.equal([403, 'You declined']);
      expect(reply.body).to.contain('state_missing').and.not.contain('text</b>').and.not.contain('&lt;b&gt;');
    });

    it('for a callback that was used before, without asking Criteo again', async () => {
      const back = await example.sandbox.approve((await client.get('/criteo-auth')).location);
      await client.get(back);
      const reply = await client.get(back);
      expect([reply.status, reply.title]).to.deep.equal([400, 'This link works only once']);
      expect(reply.body).to.contain('You are still signed in');
      expect(firstButton(reply.body), 'leads on').to.equal('/dashboard');
      expect(example.tokenRequests()).to.equal(1);
    });

    it('for the callback of another browser', async () => {
      const back = await example.sandbox.approve((await client.get('/criteo-auth')).location);
      const reply = await new CookieClient(example.url).get(back);
      expect([reply.status, reply.title]).to.deep.equal([400, 'This link works only once']);
      expect(firstButton(reply.body), 'no dashboard without a user').to.equal('/criteo-auth');
      expect(example.tokenRequests()).to.equal(0);
    });

    it('for an expired code', async () => {
      const back = await example.sandbox.approve((await client.get('/criteo-auth')).location);
      example.sandbox.advance(31_000);
      const reply = await client.get(back);
      expect([reply.status, reply.title]).to.deep.equal([401, 'That took a moment too long']);
    });

    it('for an empty portfolio', async () => {
      await example.close();
      example = await startExample({ sandbox: { portfolio: 0 } });
      client = new CookieClient(example.url);
      const consent = (await client.get('/criteo-auth')).location;
      const reply = await client.get(await example.sandbox.approve(consent, { advertisers: [] }));
      expect([reply.status, reply.title]).to.deep.equal([403, 'No advertisers were shared']);
    });

    it('for a damaged callback', async () => {
      const reply = await client.get('/criteo-auth/callback?code=a&code=b&state=c');
      expect([reply.status, reply.title]).to.deep.equal([400, 'That link does not work']);
    });

    it('for wrong credentials', async () => {
      example.sandbox.fault({ on: 'token', status: 401 });
      const reply = await signIn();
      expect([reply.status, reply.title]).to.deep.equal([500, 'This app is not set up correctly']);
      expect(example.log.join()).to.contain('invalid_client');
    });

    it('for an outage of Criteo, after which signing in works again', async () => {
      example.sandbox.fault({ on: 'token', status: 503 });
      const reply = await signIn();
      expect([reply.status, reply.title]).to.deep.equal([503, 'Criteo cannot be reached']);
      expect((await signIn()).location).to.equal(`${example.url}/dashboard`);
    });

    it('for an unknown address', async () => {
      const reply = await client.get('/nowhere');
      expect([reply.status, reply.title]).to.deep.equal([404, 'There is no such page']);
    });
  });
});

/** Returns where the first button of a page leads. */
function firstButton(body: string): string | undefined {
  return /<a class="button[^"]*" href="([^"]+)"/.exec(body)?.[1];
}
