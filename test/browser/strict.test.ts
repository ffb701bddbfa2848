import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { CookieStateStore, CriteoStrategy } from '../../lib/index';
import { mountsStrictSessions } from '../integration/docs/traps/strict';
import { type Mount, opener, routes, sessions } from '../integration/traps/app';
import { openBrowser } from './person';

const secret = 'only for tests, of 32 characters';

const documented: Mount = (app, passport, options) => {
  const callbackURL = options.callbackURL.replace('/callback', '/criteo-auth/callback');
  mountsStrictSessions(app, passport, { ...options, clientSecret: options.clientSecret ?? '', callbackURL }, secret);
  app.get('/dashboard', (req, res) => void res.json(req.user ?? null));
};

const redirecting: Mount = (app, passport, options) => {
  const store = new CookieStateStore({ secret });
  passport.use(new CriteoStrategy({ ...options, store, verify: ({ profile }) => ({ id: profile?.id }) }));
  app.use(sessions({ cookie: { sameSite: 'strict' } }), passport.session());
  app.get('/login', passport.authenticate('criteo'));
  app.get('/callback', passport.authenticate('criteo', { successRedirect: '/dashboard' }));
  app.get('/dashboard', (req, res) => void res.json(req.user ?? null));
};

describe('A session cookie with SameSite=Strict, in a browser', () => {
  const open = opener();
  let browser: Browser;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser.close());

  /** Begins at one path, approves at Criteo, and gives what is to be seen at the other path. */
  const signIn = async (start: string, end: string): Promise<string | null> => {
    const page = await browser.newPage();
    await page.goto(start);
    await page.getByRole('checkbox').first().check();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.waitForURL((url) => url.pathname === end);
    return page.locator('body').textContent();
  };

  it('stays away from the callback, and the message says so', async () => {
    const { origin } = await open(routes(sessions({ cookie: { sameSite: 'strict' } })));
    expect(await signIn(`${origin}/login`, '/callback')).to.contain('The session cookie is SameSite=Strict');
  });

  it('stays away from where a callback redirects to', async () => {
    const { origin } = await open(redirecting);
    expect(await signIn(`${origin}/login`, '/dashboard')).to.equal('null');
  });

  it('signs people in, mounted as documented', async () => {
    const { origin } = await open(documented);
    expect(await signIn(`${origin}/criteo-auth`, '/dashboard')).to.match(/^\{"id":/);
  });
});
