import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { startWorld, type World } from '../example/world';
import { openBrowser, openPerson, type Person, type Tab } from './person';

describe('Somebody at a browser', () => {
  let browser: Browser;
  let world: World;
  let person: Person;
  let tab: Tab;

  const arrive = async (options: Parameters<typeof openPerson>[2] = {}) => {
    person = await openPerson(browser, world.url, options);
    tab = await person.openTab();
  };

  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser.close());
  beforeEach(async () => {
    world = await startWorld({ criteo: { timeout: 1_000 } });
    await arrive();
  });
  afterEach(async () => {
    await person.context.close();
    await world.close();
    expect(person.complaints, 'complaints of the browser').to.deep.equal([]);
    const strangers = person.urls.filter((url) => !['localhost', '127.0.0.1'].includes(new URL(url).hostname));
    expect(strangers, 'requests that left the machine').to.deep.equal([]);
  });

  it('signs in with two of five advertisers and sees just these', async () => {
    await tab.begin();
    expect(await tab.page.locator('[name=advertiser]').count()).to.equal(5);
    await tab.tick('Alpine Outfitters', 'Delta Bikes');
    await tab.click('Approve');
    await tab.sees('Dashboard');
    expect(new URL(tab.page.url()).pathname).to.equal('/dashboard');
    expect(await tab.advertisers()).to.deep.equal(['Alpine Outfitters 13', 'Delta Bikes 33071']);
    expect(await tab.text())
      .to.match(/2 advertisers/)
      .and.match(/1[45] min \d+ s left/);
    expect(world.tokenRequests()).to.equal(1);
  });

  it('reads names as they are, markup and all', async () => {
    await tab.signIn('Bakery', '(no name)');
    expect(await tab.advertisers()).to.deep.equal(['Bakery & <b>Sons</b> 1352', 'Without a name 9007199254740993']);
  });

  it('declines, is told so, and may change their mind', async () => {
    await tab.begin();
    await tab.click('Deny');
    await tab.sees('You declined');
    expect(await tab.text()).to.contain('Nothing was shared');
    expect(world.tokenRequests()).to.equal(0);
    await tab.signIn('Casa Verde');
  });

  it('shares nothing, and is told what to do', async () => {
    await tab.begin();
    await tab.click('Approve');
    await tab.page.getByRole('alert').waitFor();
    await tab.click('Approve without any');
    await tab.sees('No advertisers were shared');
    await tab.signIn('Casa Verde');
  });

  it('loads the callback again after success: still signed in, and Criteo is not asked twice', async () => {
    await tab.signIn('Alpine Outfitters');
    const callback = person.urls.find((url) => url.includes('/criteo-auth/callback?')) ?? '';
    for (const _ of ['once', 'twice']) {
      await tab.page.goto(callback);
      await tab.sees('This link works only once');
    }
    expect(await tab.text()).to.contain('You are still signed in as Alpine Outfitters.');
    await tab.click('Go to the dashboard');
    await tab.sees('Dashboard');
    expect(world.tokenRequests()).to.equal(1);
  });

  it('goes back after signing in and approves again: still signed in, and Criteo is not asked twice', async () => {
    await tab.signIn('Alpine Outfitters');
    await tab.page.goBack();
    await tab.sees('Share your advertisers?');
    await tab.tick('Casa Verde');
    await tab.click('Approve');
    await tab.sees('This link works only once');
    await tab.click('Go to the dashboard');
    await tab.sees('Dashboard');
    expect(await tab.advertisers()).to.deep.equal(['Alpine Outfitters 13']);
    expect(world.tokenRequests()).to.equal(1);
  });

  for (const [order, first, second] of [
    ['in the order they were begun', 0, 1],
    ['the other way round', 1, 0],
  ] as const) {
    it(`signs in from two tabs, finished ${order}`, async () => {
      const tabs = [tab, await person.openTab()];
      const names = ['Alpine Outfitters', 'Casa Verde'];
      for (const each of tabs) await each.begin();
      for (const number of [first, second]) {
        const each = tabs[number] ?? tab;
        await each.tick(names[number] ?? '');
        await each.click('Approve');
        await each.sees('Dashboard');
        expect((await each.advertisers()).join()).to.contain(names[number]);
      }
      expect(world.tokenRequests()).to.equal(2);
    });
  }

  it('comes back after 31 seconds, when the code is dead, and may try again', async () => {
    world.onCallback = () => world.sandbox.advance(31_000);
    await tab.begin();
    await tab.tick('Casa Verde');
    await tab.click('Approve');
    await tab.sees('That took a moment too long');
    expect(await tab.text()).to.contain('30 seconds');
    world.onCallback = () => {};
    await tab.signIn('Casa Verde');
  });

  it('watches the token’s life run down, and refreshes it', async () => {
    await tab.page.clock.install();
    await tab.signIn('Alpine Outfitters');
    await tab.page.clock.fastForward('05:00');
    await tab.page.getByText(/^(9 min 5\d|10 min \d) s left$/).waitFor();
    await tab.page.clock.fastForward('11:00');
    await tab.page.getByText('Expired').waitFor();
    await tab.click('Refresh now');
    await tab.page.getByRole('status').getByText('The access token was refreshed.').waitFor();
    expect(await tab.text()).to.match(/1[45] min \d+ s left/);
    expect(world.tokenRequests('refresh_token')).to.equal(1);
    await tab.page.reload();
    expect(await tab.page.getByRole('status').count()).to.equal(0);
  });

  it('learns on refreshing that the consent was withdrawn, and gives it anew', async () => {
    await tab.signIn('Alpine Outfitters');
    await world.sandbox.revoke();
    await tab.click('Refresh now');
    await tab.page.getByRole('alert').getByText('This connection has ended.').waitFor();
    await tab.click('Reconnect');
    await tab.tick('Alpine Outfitters');
    await tab.click('Approve');
    await tab.click('Refresh now');
    await tab.page.getByRole('status').getByText('The access token was refreshed.').waitFor();
  });

  it('signs out, and the back button does not bring the dashboard back', async () => {
    await tab.signIn('Alpine Outfitters');
    await tab.click('Sign out');
    await tab.sees('Your advertisers, in this app');
    await tab.page.goBack();
    await tab.sees('Your advertisers, in this app');
    expect(await tab.text()).not.to.contain('Alpine');
  });

  it('is told when Criteo is down, and signs in once it is back', async () => {
    world.sandbox.fault({ on: 'token', status: 503 });
    await tab.begin();
    await tab.tick('Alpine Outfitters');
    await tab.click('Approve');
    await tab.sees('Criteo cannot be reached');
    await tab.signIn('Alpine Outfitters');
  });

  it('is told when Criteo does not answer in time', async () => {
    world.sandbox.fault({ on: 'token', hang: true });
    await tab.begin();
    await tab.tick('Alpine Outfitters');
    await tab.click('Approve');
    await tab.sees('Criteo took too long');
  });

  it('needs no mouse', async () => {
    await tab.tabTo('Sign in with Criteo');
    await tab.page.keyboard.press('Enter');
    await tab.sees('Share your advertisers?');
    await tab.tabTo('Alpine Outfitters');
    await tab.page.keyboard.press('Space');
    await tab.tabTo('Casa Verde');
    await tab.page.keyboard.press('Space');
    await tab.tabTo('Approve');
    await tab.page.keyboard.press('Enter');
    await tab.sees('Dashboard');
    expect(await tab.advertisers()).to.deep.equal(['Alpine Outfitters 13', 'Casa Verde 20481']);
    await tab.tabTo('Refresh now');
    await tab.page.keyboard.press('Enter');
    await tab.page.getByRole('status').waitFor();
    await tab.tabTo('Sign out');
    await tab.page.keyboard.press('Enter');
    await tab.sees('Your advertisers, in this app');
  });

  it('needs no JavaScript', async () => {
    await person.context.close();
    await arrive({ javaScriptEnabled: false });
    await tab.page.getByRole('link', { name: 'Sign in with Criteo' }).click();
    await tab.tick('Alpine Outfitters');
    await tab.click('Approve');
    await tab.page.getByText(/1[45] min \d+ s left/).waitFor();
    await tab.click('Refresh now');
    await tab.page.getByText('The access token was refreshed.').waitFor();
  });

  it('sees every page whole on a narrow screen', async () => {
    await person.context.close();
    await arrive({ viewport: { width: 320, height: 600 } });
    // Each of these looks for anything beyond the edge.
    await tab.begin();
    await tab.click('Deny');
    await tab.sees('You declined');
    await tab.page.getByText('For the developer').click();
    await tab.sees('You declined');
    await tab.signIn('Alpine Outfitters', '(no name)');
    await tab.page.goto(world.url);
    await tab.sees('Welcome back');
    await tab.page.goto(`${world.url}/criteo-auth/callback?state=x&code=y`);
    await tab.sees('This link works only once');
  });

  it('never holds a secret: not in pages, cookies, storage or addresses', async () => {
    const seen: string[] = [];
    const look = async () => {
      seen.push(await tab.page.content());
      seen.push(JSON.stringify(await person.context.storageState()));
      seen.push(String(await tab.page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])')));
    };
    await look();
    await tab.signIn('Alpine Outfitters');
    await look();
    await tab.click('Refresh now');
    await tab.page.getByRole('status').waitFor();
    await look();
    await world.sandbox.revoke();
    await tab.click('Refresh now');
    await tab.page.getByRole('alert').waitFor();
    await look();
    seen.push(...person.urls);

    const { requests, app } = world.sandbox;
    const secrets = [
      app.clientSecret,
      ...requests.map(({ form }) => form['refresh_token']),
      ...requests.map(({ headers }) => String(headers['authorization'] ?? '').replace('Bearer ', '')),
    ].filter((secret): secret is string => Boolean(secret));
    expect(new Set(secrets), 'secret, access token, refresh token').to.have.property('size').that.is.at.least(3);
    for (const secret of secrets) {
      for (const form of [secret, encodeURIComponent(secret)]) expect(seen.join('\n')).not.to.contain(form);
    }
  });
});
