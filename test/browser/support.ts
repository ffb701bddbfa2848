import { expect } from 'chai';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core';

/** Starts Debian's Chromium, or the one that `CHROMIUM` names. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium' });
}

/** A user with a separate browser. */
export interface BrowserUser {
  context: BrowserContext;
  /** Opens a tab on the example's home page. */
  openTab(): Promise<Tab>;
  /** Every URL that a tab requested, including redirects. */
  urls: string[];
  /** Script errors and violations of the content security policy. */
  complaints: string[];
}

export async function openUser(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<BrowserUser> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(10_000);
  const urls: string[] = [];
  const complaints: string[] = [];
  context.on('request', (request) => urls.push(request.url()));
  context.on('weberror', (event) => complaints.push(event.error().message));
  context.on('console', (message) => {
    // Browsers report pages with an error status here too. Some tests expect such pages.
    const expected = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !expected) complaints.push(message.text());
  });
  return {
    context,
    urls,
    complaints,
    async openTab() {
      const tab = new Tab(await context.newPage());
      await tab.page.goto(origin);
      return tab;
    },
  };
}

/**
 * Starts a browser for a group of tests. Returns a function that opens users, whose browsers are closed after each test and
 * must not have reported an error.
 */
export function browserUsers(): (origin: string, options?: BrowserContextOptions) => Promise<BrowserUser> {
  let browser: Browser;
  const users: BrowserUser[] = [];
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser.close());
  afterEach(async () => {
    const opened = users.splice(0);
    await Promise.all(opened.map(({ context }) => context.close()));
    expect(
      opened.flatMap(({ complaints }) => complaints),
      'complaints of the browser',
    ).to.deep.equal([]);
  });
  return async (origin, options) => {
    const user = await openUser(browser, origin, options);
    users.push(user);
    return user;
  };
}

/** One tab, with the actions of a user and what the user sees. */
export class Tab {
  constructor(readonly page: Page) {}

  /** Waits for a page by its heading. No page may be wider than the window. */
  async sees(heading: string): Promise<void> {
    await this.page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    expect(await this.page.evaluate(overflow), `pixels beyond the edge of "${heading}"`).to.equal(0);
  }

  /** Returns the page's text as it is rendered. */
  text(): Promise<string> {
    // Unlike textContent, innerText has only the text that the user sees.
    return this.page.locator('body').innerText();
  }

  async click(name: string): Promise<void> {
    await this.page
      .getByRole('link', { name, exact: true })
      .or(this.page.getByRole('button', { name, exact: true }))
      .click();
  }

  /** Goes from the home page to Criteo's consent page, to sign in. */
  async startLogin(): Promise<void> {
    await this.click('Sign in with Criteo');
    await this.sees('Share your advertisers?');
  }

  async tick(...advertisers: string[]): Promise<void> {
    for (const advertiser of advertisers) await this.page.getByRole('checkbox', { name: advertiser }).check();
  }

  /** Signs in from the home page. */
  async signIn(...advertisers: string[]): Promise<void> {
    await this.startLogin();
    await this.tick(...advertisers);
    await this.click('Approve');
    await this.sees('Dashboard');
  }

  /** Signs in by name, from the home page. */
  async signInAs(name: string): Promise<void> {
    await this.page.getByLabel('Your name').fill(name);
    await this.click('Sign in');
    await this.sees('Dashboard');
  }

  /** Connects Criteo, from the dashboard. */
  async connect(...advertisers: string[]): Promise<void> {
    await this.click('Connect Criteo');
    await this.sees('Share your advertisers?');
    await this.tick(...advertisers);
    await this.click('Approve');
    await this.sees('Dashboard');
  }

  /** Makes an invitation, from the dashboard. Returns its link. */
  async invite(): Promise<string> {
    await this.click('Invite an advertiser');
    await this.click('Make a link');
    await this.sees('Your link');
    return this.page.getByLabel('The link to send').inputValue();
  }

  /** Finds a connection on the dashboard. */
  connection(name: string): Locator {
    return this.page.getByRole('region', { name, exact: true });
  }

  /** Presses a button of a connection, as screen readers name it. */
  async press(button: 'Refresh now' | 'Disconnect', connection: string): Promise<void> {
    await this.page.getByRole('button', { name: `${button} for ${connection}`, exact: true }).click();
  }

  /** Waits until the page announces a text to screen readers. */
  async announces(text: string): Promise<void> {
    await this.page.locator('#live').getByText(text).waitFor({ state: 'attached' });
  }

  /** Returns the names of all connections on the dashboard. */
  connections(): Promise<string[]> {
    return this.page.getByRole('heading', { level: 2 }).allInnerTexts();
  }

  /** Returns names and ids of the advertisers on the page. */
  async advertisers(): Promise<string[]> {
    const items = await this.page.getByRole('main').getByRole('listitem').allInnerTexts();
    return items.map((item) => item.replace(/\s+/g, ' '));
  }

  /** Presses Tab until the element with that name has the focus. */
  async tabTo(name: string): Promise<void> {
    const focused = `(() => { const { activeElement: e } = document; return (e.labels?.[0] ?? e).innerText.trim(); })()`;
    const others: unknown[] = [];
    for (let presses = 0; presses < 30; presses += 1) {
      await this.page.keyboard.press('Tab');
      const reached = await this.page.evaluate(focused);
      if (typeof reached === 'string' && reached.startsWith(name)) return;
      others.push(reached);
    }
    expect.fail(`Tab never reached "${name}", only ${JSON.stringify(others)}`);
  }
}
