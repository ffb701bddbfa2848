import { expect } from 'chai';
import { CookieStateStore } from '../../../lib/index';
import { mountStrictSessions } from '../docs/traps/strict';
import { type Mount, opener, routes, sessions } from './support';

const secret = 'only for tests, of 32 characters';

const documented: Mount = (app, passport, options) => {
  mountStrictSessions(app, passport, { ...options, clientSecret: options.clientSecret ?? '' }, secret);
  app.get('/dashboard', (req, res) => void res.json(req.user ?? null));
};

describe('A session cookie with SameSite=Strict', () => {
  const open = opener();

  it('lets users sign in with CookieStateStore and a page that redirects by itself', async () => {
    const { origin, client, begin, finish } = await open(documented);
    const consentPage = await begin();
    const { status, body } = await finish(consentPage);
    expect(status).to.equal(200);
    const [, next = ''] = /http-equiv="refresh" content="0; url=([^"]+)"/.exec(body) ?? [];
    expect((await client.get(origin + next, { from: origin })).body).to.match(/^\{"id":/);
    // A redirect by the callback would have shown this.
    expect((await client.get(origin + next, { from: consentPage })).body).to.equal('null');
  });

  it('keeps a user signed in whom a link of another site sends to the callback', async () => {
    const { origin, client, begin, finish } = await open(documented);
    const consentPage = await begin();
    await finish(consentPage);
    const user = (await client.get(`${origin}/dashboard`, { from: origin })).body;
    expect(user).to.match(/^\{"id":/);
    await client.get(`${origin}/criteo-auth/callback?state=x`, { from: consentPage });
    await client.get(`${origin}/criteo-auth/callback?error=access_denied`, { from: consentPage });
    expect((await client.get(`${origin}/dashboard`, { from: origin })).body).to.equal(user);
  });

  it('makes connecting advertisers fail with user_changed, because the callback has no user', async () => {
    const { origin, sandbox, client, begin, finish } = await open((app, passport, options) => {
      app.use(sessions({ cookie: { sameSite: 'strict' } }), passport.session());
      app.get('/sign-in', (req, res) => req.logIn({ id: 'ada' }, () => res.json('welcome')));
      routes()(app, passport, { ...options, store: new CookieStateStore({ secret }) });
    });
    await client.get(`${origin}/sign-in`);
    const { code, message } = JSON.parse((await finish(await begin())).body);
    expect(code).to.equal('user_changed');
    expect(message).to.contain('SameSite=Strict');
    expect(sandbox.requests.filter(({ path }) => path === '/oauth2/token')).to.have.lengthOf(0);
  });
});
