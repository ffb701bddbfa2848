import { expect } from 'chai';
import { CookieStateStore } from '../../../lib/index';
import { mountsStrictSessions } from '../docs/traps/strict';
import { type Mount, opener, routes, sessions } from './app';

const secret = 'only for tests, of 32 characters';

const documented: Mount = (app, passport, options) => {
  const callbackURL = options.callbackURL.replace('/callback', '/criteo-auth/callback');
  mountsStrictSessions(app, passport, { ...options, clientSecret: options.clientSecret ?? '', callbackURL }, secret);
  app.get('/dashboard', (req, res) => void res.json(req.user ?? null));
};

describe('A session cookie with SameSite=Strict', () => {
  const open = opener();

  it('lets people sign in with a CookieStateStore and a page that goes on by itself', async () => {
    const { origin, visitor, begin, finish } = await open(documented);
    const consentPage = await begin('/criteo-auth');
    const { status, body } = await finish(consentPage);
    expect(status).to.equal(200);
    const [, next = ''] = /http-equiv="refresh" content="0; url=([^"]+)"/.exec(body) ?? [];
    expect((await visitor.open(origin + next, origin)).body).to.match(/^\{"id":/);
    // What a redirect would have shown.
    expect((await visitor.open(origin + next, consentPage)).body).to.equal('null');
  });

  it('keeps advertisers from being connected: the callback does not know who is signed in', async () => {
    const { origin, sandbox, visitor, begin, finish } = await open((app, passport, options) => {
      app.use(sessions({ cookie: { sameSite: 'strict' } }), passport.session());
      app.get('/sign-in', (req, res) => req.logIn({ id: 'ada' }, () => res.json('welcome')));
      routes()(app, passport, { ...options, store: new CookieStateStore({ secret }) });
    });
    await visitor.open(`${origin}/sign-in`);
    const { code, message } = JSON.parse((await finish(await begin())).body);
    expect(code).to.equal('user_changed');
    expect(message).to.contain('SameSite=Strict');
    expect(sandbox.requests.filter(({ path }) => path === '/oauth2/token')).to.have.lengthOf(0);
  });
});
