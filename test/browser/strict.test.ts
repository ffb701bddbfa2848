import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { CookieStateStore, CriteoStrategy } from '../../lib/index';
import { mountStrictSessions } from '../integration/docs/traps/strict';
import { type Mount, opener, routes, sessions } from '../integration/traps/support';
import { openBrowser } from './support';

const secret = 'only for tests, of 32 characters';

const documented: Mount = (app, passport, options) => {
  mountStrictSessions(app, passport, { ...options, clientSecret: options.clientSecret ?? '' }, secret);
  app.get('/dashboard', (req, res) => void res.json(req.user ?? null));
};

const redirecting: Mount = (app, passport, options) => {
  const store = new CookieStateStore({ secret });
  passport.use(new CriteoStrategy({ ...options, store, verify: ({ profile }) => ({ id: profile?.id }) }));
  app.use(sessions({ cookie: { sameSite: 'strict' } }), passport.session());
  app.get('/criteo-auth', passport.authenticate('criteo'));
  app.get('/criteo-auth/callback', passport.authenticate('criteo', { successRedirect: '/dashboard' }));
  app.get('/dashboard', (req, res) => void res.json(req.user ?? null));
};

describe('A session cookie with SameSite=Strict, in a browser', () => {
  const open = opener();
  let browser: Browser;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser.close());

  /** Starts at one URL, approves at Criteo, and returns the text at the other path. */
  const signIn = async (start: string, end: string): Promise<string | null> => {
    const page = await browser.newPage();
    await page.goto(start);
    await page.getByRole('checkbox').first().check();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.waitForURL((url) => url.pathname === end);
    return page.locator('body').textContent();
  };

  it('is not sent to the callback, whose error message says so', async () => {
    const { origin } = await open(routes(sessions({ cookie: { sameSite: 'strict' } })));
    expect(await signIn(`${origin}/criteo-auth`, '/criteo-auth/callback')).to.contain(
      'The session cookie is SameSite=Strict',
    );
  });

  it('is not sent to the page to which a callback redirects', async () => {
    const { origin } = await open(redirecting);
    expect(await signIn(`${origin}/criteo-auth`, '/dashboard')).to.equal('null');
  });

  it('lets users sign in if it is mounted as documented', async () => {
    const { origin } = await open(documented);
    expect(await signIn(`${origin}/criteo-auth`, '/dashboard')).to.match(/^\{"id":/);
  });
});
