import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { mountsStrictSessions } from '../docs/traps/strict';
import { type Mount, opener, routes, sessions } from '../traps/app';
import { openBrowser } from './person';

const signedIn: Mount = (app) => {
  app.get('/dashboard', (req, res) => void res.json(req.user ?? null));
};

describe('A session cookie with SameSite=Strict, in a browser', () => {
  const open = opener();
  let browser: Browser;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser.close());

  /** Approves at Criteo, and waits until the browser is back at this path. */
  const approve = async (page: Page, path: string): Promise<string> => {
    await page.getByRole('checkbox').first().check();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.waitForURL((url) => url.pathname === path);
    return page.locator('body').innerText();
  };

  it('stays away from the callback, and the message says so', async () => {
    const { origin } = await open(routes(sessions({ cookie: { sameSite: 'strict' } })));
    const page = await browser.newPage();
    await page.goto(`${origin}/login`);
    expect(await approve(page, '/callback')).to.contain('The session cookie is SameSite=Strict');
  });

  it('signs people in, mounted as documented', async () => {
    const { origin } = await open((app, passport, options) => {
      const callbackURL = `${new URL(options.callbackURL).origin}/auth/criteo/callback`;
      const { clientSecret = '' } = options;
      mountsStrictSessions(app, passport, { ...options, clientSecret, callbackURL }, 'only for tests, of 32 characters');
      signedIn(app, passport, options);
    });
    const page = await browser.newPage();
    await page.goto(`${origin}/auth/criteo`);
    expect(await approve(page, '/dashboard')).to.match(/^\{"id":/);
  });

  it('would not be seen after a redirect from the callback', async () => {
    const { origin } = await open((app, passport, options) => {
      app.use((req, res, next) => {
        const { send } = res;
        res.send = (body) => (req.path === '/auth/criteo/callback' ? res.redirect('/dashboard') : send.call(res, body)) as never;
        next();
      });
      const callbackURL = `${new URL(options.callbackURL).origin}/auth/criteo/callback`;
      const { clientSecret = '' } = options;
      mountsStrictSessions(app, passport, { ...options, clientSecret, callbackURL }, 'only for tests, of 32 characters');
      signedIn(app, passport, options);
    });
    const page = await browser.newPage();
    await page.goto(`${origin}/auth/criteo`);
    expect(await approve(page, '/dashboard')).to.equal('null');
  });
});
