import { expect } from 'chai';
import { createSandbox, type Sandbox } from 'passport-criteo/sandbox';
import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';
import { createApp } from '../integration/docs/sandbox-app';

// The code of docs/testing-your-app.md.
describe('The reader’s own app', () => {
  let sandbox: Sandbox;
  let app: Awaited<ReturnType<typeof createApp>>;
  let browser: Browser;
  before(async () => {
    sandbox = await createSandbox();
    app = await createApp({ ...sandbox.app, ...sandbox.endpoints });
    browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium' });
  });
  after(async () => {
    await browser.close();
    await app.close();
    await sandbox.close();
  });

  it('signs a user in with a browser as the guide shows', async () => {
    const page = await browser.newPage();
    await page.goto(`${app.url}/criteo-auth`);
    await page.getByRole('checkbox', { name: 'Northwind Outdoor' }).check();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.waitForURL(`${app.url}/dashboard`);
    expect(sandbox.requests.filter(({ path }) => path === '/oauth2/token')).to.have.lengthOf(1);
  });
});
