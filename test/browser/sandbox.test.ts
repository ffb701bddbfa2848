import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { createSandbox, exampleUsers, type Sandbox } from '../../lib/sandbox';
import { exchange, newCode, redirectURI } from '../sandbox/support';
import { openBrowser } from './support';

const axe = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');

describe("The sandbox's pages", () => {
  let browser: Browser;
  let sandbox: Sandbox;
  let page: Page;
  const complaints: string[] = [];

  // The app to which the sandbox sends the browser back.
  const app = http.createServer((_req, res) => res.end('the app'));
  let callbackURL: string;

  before(async () => {
    browser = await openBrowser();
    await once(app.listen(0, '127.0.0.1'), 'listening');
    callbackURL = `http://127.0.0.1:${(app.address() as AddressInfo).port}/callback`;
  });
  after(async () => {
    await browser.close();
    app.close();
    app.closeAllConnections();
  });
  beforeEach(async () => {
    sandbox = await createSandbox({
      app: { name: 'Reports' },
      apps: [{ name: 'Shelves', service: 'retail-media' }],
      users: exampleUsers,
    });
  });
  afterEach(async () => {
    await page.context().close();
    await sandbox.close();
    expect(complaints.splice(0), 'complaints of the browser').to.deep.equal([]);
  });

  async function visit(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(10_000);
    page = await context.newPage();
    page.on('console', (message) => {
      const isStatus = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !isStatus) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(url);
    return page;
  }

  function consentURL(client = sandbox.app.clientID): string {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: client,
      redirect_uri: callbackURL,
      state: 's',
    });
    return `${sandbox.url}/request?${query}`;
  }

  /** Makes some exchanges, consents, faults and variants for the pages to show. */
  async function fill(): Promise<void> {
    await exchange(sandbox, await newCode(sandbox));
    await exchange(sandbox, 'made-up');
    sandbox.grant({ user: 'emi' });
    sandbox.grant({ user: 'ada', app: sandbox.apps[1]?.clientID });
    await sandbox.revoke(sandbox.consents[0]?.id);
    sandbox.fault({ on: 'api', status: 500, when: () => true });
    sandbox.setVariants({ denialError: 'sentence' });
  }

  const pages: [string, () => string][] = [
    ['overview', () => sandbox.url],
    ['exchanges', () => `${sandbox.url}/sandbox/exchanges`],
    ['switches', () => `${sandbox.url}/sandbox/switches`],
    ['connected apps', () => `${sandbox.url}/sandbox/connected-apps`],
    ['consent', () => consentURL()],
    ['error', () => consentURL('unknown')],
  ];
  for (const [name, url] of pages) {
    it(`have no violation of axe's rules, light and dark, and fit on a phone: ${name}`, async () => {
      await fill();
      const looks = [
        ['light', 1200],
        ['dark', 1200],
        ['dark', 390],
        ['light', 320],
      ] as const;
      for (const [colorScheme, width] of looks) {
        await page?.context().close();
        await visit(url(), { colorScheme, viewport: { width, height: 800 } });
        for (const summary of await page.locator('summary').all()) await summary.click();
        await page.evaluate(axe);
        const found = (await page.evaluate('axe.run()')) as { violations: { id: string; nodes: { html: string }[] }[] };
        const violations = found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
        expect(violations, `${colorScheme} ${width}`).to.deep.equal([]);
        const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
        expect(await page.evaluate(overflow), `pixels beyond the edge at ${width}`).to.equal(0);
      }
    });
  }

  it('are short: the overview shows the latest exchanges closed, and Revoke is visible on a phone', async () => {
    await fill();
    for (let count = 0; count < 60; count++) await exchange(sandbox, 'made-up');
    await visit(sandbox.url, { viewport: { width: 390, height: 800 } });
    expect(await page.evaluate('document.documentElement.scrollHeight')).to.be.below(4_000);
    for (const button of await page.getByRole('button', { name: /^Revoke/ }).all()) {
      const box = await button.boundingBox();
      expect((box?.x ?? 999) + (box?.width ?? 0)).to.be.below(390);
    }
  });

  it('let a user select all, search and approve by keyboard', async () => {
    await visit(consentURL());
    await page.getByLabel('Signed in as').selectOption('emi');
    await page.getByRole('button', { name: 'Switch user' }).click();
    await page.getByText('0 of 500 ticked').waitFor();
    await page.getByRole('searchbox', { name: 'Search advertisers' }).fill('client 49');
    await page.getByRole('checkbox', { name: 'Select all' }).focus();
    await page.keyboard.press('Space');
    await page.getByText('11 of 500 ticked').waitFor();
    await page.getByRole('searchbox').fill('kestrel');
    await page.getByRole('checkbox', { name: 'Kestrel Cycles' }).check();
    await page.getByText('12 of 500 ticked').waitFor();
    await page.getByRole('button', { name: 'Approve' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/callback\?code=/);
    expect(sandbox.consents[0]?.shared).to.have.length(12);
    await page.goto(consentURL());
    await page.getByText('Emi Tanaka (500 to share)').first().waitFor({ state: 'attached' });
    expect(await page.getByLabel('Signed in as').inputValue()).to.equal('emi');
  });

  it('work without scripts', async () => {
    await visit(consentURL(), { javaScriptEnabled: false });
    expect(await page.getByRole('checkbox', { name: 'Select all' }).count()).to.equal(0);
    await page.getByRole('checkbox', { name: 'Northwind' }).check();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.waitForURL(/\/callback\?code=/);
    expect(sandbox.consents[0]?.shared.map(({ id }) => id)).to.deep.equal(['13']);
  });

  it('show new exchanges as they arrive, and keep opened ones open', async () => {
    await exchange(sandbox, 'made-up');
    await visit(`${sandbox.url}/sandbox/exchanges`);
    await page.getByText('Code exchange').first().click();
    await page.getByText('The authorization code is unknown').first().waitFor();
    await exchange(sandbox, 'made-up', { grant_type: 'client_credentials' });
    await page.getByText('Client credentials').first().waitFor();
    expect(await page.getByText('✗ The authorization code').or(page.locator('.failed')).first().isVisible()).to.equal(
      true,
    );
    expect(await page.locator('body').innerText()).not.to.contain(sandbox.app.clientSecret);
  });

  it('filter exchanges', async () => {
    await fill();
    await visit(`${sandbox.url}/sandbox/exchanges`);
    expect(await page.locator('#exchanges > li').count()).to.equal(4);
    await page.getByLabel('Result').selectOption('refused');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.waitForURL(/result=refused/);
    expect(await page.locator('#exchanges > li').count()).to.equal(1);
    await page.getByLabel('App').selectOption({ label: 'Shelves' });
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByText('None yet.').waitFor();
  });

  it('have switches for faults and variants', async () => {
    await visit(`${sandbox.url}/sandbox/switches`);
    await page.locator('select[name=preset]').selectOption({ label: 'Token endpoint: 503' });
    await page.locator('select[name=times]').selectOption({ label: 'Until cleared' });
    await page.getByRole('button', { name: 'Add the fault' }).click();
    await page.getByText('until cleared, met by 0 so far').waitFor();
    expect((await fetch(sandbox.endpoints.tokenURL, { method: 'POST' })).status).to.equal(503);
    await page.getByRole('button', { name: /^Clear/ }).click();
    await page.getByText('None: everything works.').waitFor();
    await page.getByLabel('Which error does the redirect carry').selectOption('sentence');
    await page.getByRole('button', { name: 'Set denialError' }).click();
    await page.getByText('1 differ from their default.').waitFor();
    expect(sandbox.variants.denialError).to.equal('sentence');
  });

  it('have a link back to the app', async () => {
    await newCode(sandbox);
    await visit(sandbox.url);
    const link = page.getByRole('link', { name: 'Back to Reports' });
    expect(await link.getAttribute('href')).to.equal(`${new URL(redirectURI).origin}/`);
  });
});
