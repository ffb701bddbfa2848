import { expect } from 'chai';
import cookieSession from 'cookie-session';
import { CookieStateStore, CriteoStrategy } from '../../../lib/index';
import { mountCookieSession } from '../docs/traps/cookie-session';
import { type Mount, opener, routes } from './support';

const secret = 'only for tests, of 32 characters';

/** Mounts cookie-session as documented, with a page that shows the user, and one that signs out. */
const documented: Mount = (app, passport, options) => {
  mountCookieSession(app, passport, secret);
  app.get('/me', (req, res) => void res.json(req.user ?? null));
  app.get('/sign-out', (req, res, next) => req.logout((error) => (error ? next(error) : res.json('bye'))));
  routes()(app, passport, options);
};

describe('cookie-session', () => {
  const open = opener();

  it('makes Passport fail, because it has no regenerate', async () => {
    const { begin, finish } = await open(routes(cookieSession({ keys: ['key'] })));
    const { status, body } = await finish(await begin());
    expect(status).to.equal(500);
    expect(JSON.parse(body).message).to.equal('req.session.regenerate is not a function');
  });

  it('signs the user in and out with the documented regenerate and save', async () => {
    const { origin, client, begin, finish } = await open(documented);
    const { status, body } = await finish(await begin());
    expect(status).to.equal(200);
    expect((await client.get(`${origin}/me`)).body)
      .to.equal(body)
      .and.match(/^\{"id":"\w+"\}$/);
    expect((await client.get(`${origin}/sign-out`)).status).to.equal(200);
    expect((await client.get(`${origin}/me`)).body).to.equal('null');
  });

  it('keeps nothing of the earlier session after sign-in', async () => {
    const { origin, client, begin, finish } = await open((app, passport, options) => {
      documented(app, passport, options);
      app.get('/plant', (req, res) => void res.json(Object.assign(req.session, { planted: 'by an attacker' })));
      app.get('/session', (req, res) => void res.json(Object.keys(req.session)));
    });
    await client.get(`${origin}/plant`);
    expect((await client.get(`${origin}/session`)).body).to.equal('["planted"]');
    await finish(await begin());
    expect((await client.get(`${origin}/session`)).body).to.equal('["passport"]');
  });

  it('sets no cookie for a visitor who does not sign in', async () => {
    const { origin, client } = await open(documented);
    await client.get(`${origin}/me`);
    expect(client.cookies()).to.deep.equal({});
  });

  it('removes a finished login from the cookie, so that a reload of the callback is reported as such', async () => {
    const { sandbox, client, begin } = await open(documented);
    const consentPage = await begin();
    const callback = await sandbox.approve(consentPage);
    expect((await client.get(callback, { from: consentPage })).status).to.equal(200);
    const { code, message } = JSON.parse((await client.get(callback, { from: consentPage })).body);
    expect(code).to.equal('state_unknown');
    expect(message).to.match(/callback was loaded once more \(reload, back button\)/);
  });

  it('stays small with CookieStateStore, however many logins are started', async () => {
    const store = new CookieStateStore({ secret });
    const { client, begin, finish } = await open((app, passport, options) => {
      documented(app, passport, { ...options, store });
    });
    for (let abandoned = 0; abandoned < 8; abandoned += 1) await begin();
    const names = Object.keys(client.cookies('/criteo-auth/callback'));
    expect(names.filter((name) => name.startsWith('criteo-login.'))).to.have.lengthOf(5);
    expect(names).not.to.include('session');
    expect((await finish(await begin())).status).to.equal(200);
  });

  it('works without changes if the app uses session: false', async () => {
    const { origin, client, begin, finish } = await open((app, passport, options) => {
      app.use(cookieSession({ keys: ['key'] }));
      passport.use(new CriteoStrategy({ ...options, verify: ({ profile }) => ({ id: profile?.id }) }));
      app.get('/criteo-auth', passport.authenticate('criteo'));
      app.get(
        '/criteo-auth/callback',
        passport.authenticate('criteo', { session: false }),
        (req, res) => void res.json(req.user),
      );
      app.get('/me', (req, res) => void res.json(req.user ?? null));
    });
    const { status, body } = await finish(await begin());
    expect([status, Object.keys(JSON.parse(body))]).to.deep.equal([200, ['id']]);
    expect((await client.get(`${origin}/me`)).body).to.equal('null');
  });
});
