import { expect } from 'chai';
import type { BrowserContextOptions } from 'playwright-core';
import { type RunningExample, startExample } from '../example/support';
import { type BrowserUser, browserUsers, type Tab } from './support';

describe('A user in a browser', () => {
  const openUser = browserUsers();
  let example: RunningExample;
  let user: BrowserUser;
  let tab: Tab;

  const arrive = async (options: BrowserContextOptions = {}) => {
    user = await openUser(example.url, options);
    tab = await user.openTab();
  };

  beforeEach(async () => {
    example = await startExample({ criteo: { timeout: 1_000 } });
    await arrive();
  });
  afterEach(async () => {
    await example.close();
    const strangers = user.urls.filter((url) => !['localhost', '127.0.0.1'].includes(new URL(url).hostname));
    expect(strangers, 'requests that left the machine').to.deep.equal([]);
  });

  it('signs in with two of five advertisers and sees only these', async () => {
    await tab.startLogin();
    expect(await tab.page.locator('[name=advertiser]').count()).to.equal(5);
    await tab.tick('Alpine Outfitters', 'Delta Bikes');
    await tab.click('Approve');
    await tab.sees('Dashboard');
    expect(new URL(tab.page.url()).pathname).to.equal('/dashboard');
    expect(await tab.advertisers()).to.deep.equal(['Alpine Outfitters 13', 'Delta Bikes 33071']);
    expect(await tab.text())
      .to.match(/2 advertisers/)
      .and.match(/1[45] min \d+ s left/);
    expect(example.tokenRequests()).to.equal(1);
  });

  it('sees names with markup as plain text', async () => {
    await tab.signIn('Bakery', '(no name)');
    expect(await tab.advertisers()).to.deep.equal(['Bakery & <b>Sons</b> 1352', 'Without a name 9007199254740993']);
  });

  it('declines, sees a page that says so, and can start again', async () => {
    await tab.startLogin();
    await tab.click('Deny');
    await tab.sees('You declined');
    expect(await tab.text()).to.contain('Nothing was shared');
    expect(example.tokenRequests()).to.equal(0);
    await tab.signIn('Casa Verde');
  });

  it('shares no advertiser, and sees a page that says what to do', async () => {
    await tab.startLogin();
    await tab.click('Approve');
    await tab.page.getByRole('alert').waitFor();
    await tab.click('Approve without any');
    await tab.sees('No advertisers were shared');
    await tab.signIn('Casa Verde');
  });

  it('stays signed in after a reload of the callback, without a second token request', async () => {
    await tab.signIn('Alpine Outfitters');
    const callback = user.urls.find((url) => url.includes('/criteo-auth/callback?')) ?? '';
    for (const _ of ['once', 'twice']) {
      await tab.page.goto(callback);
      await tab.sees('This link works only once');
    }
    expect(await tab.text()).to.contain('You are still signed in as Alpine Outfitters.');
    await tab.click('Go to the dashboard');
    await tab.sees('Dashboard');
    expect(example.tokenRequests()).to.equal(1);
  });

  it('stays signed in after going back and approving again, without a second token request', async () => {
    await tab.signIn('Alpine Outfitters');
    await tab.page.goBack();
    await tab.sees('Share your advertisers?');
    await tab.tick('Casa Verde');
    await tab.click('Approve');
    await tab.sees('This link works only once');
    await tab.click('Go to the dashboard');
    await tab.sees('Dashboard');
    expect(await tab.advertisers()).to.deep.equal(['Alpine Outfitters 13']);
    expect(example.tokenRequests()).to.equal(1);
  });

  for (const [order, first, second] of [
    ['in the order they were started', 0, 1],
    ['in the reverse order', 1, 0],
  ] as const) {
    it(`signs in from one of two tabs, and sees a message in the other, finished ${order}`, async () => {
      const tabs = [tab, await user.openTab()];
      const names = ['Alpine Outfitters', 'Casa Verde'];
      for (const each of tabs) await each.startLogin();
      for (const number of [first, second]) {
        const each = tabs[number] ?? tab;
        await each.tick(names[number] ?? '');
        await each.click('Approve');
        await each.sees(number === first ? 'Dashboard' : 'Your sign-in changed meanwhile');
      }
      await tab.page.goto(`${example.url}/dashboard`);
      expect((await tab.advertisers()).join()).to.contain(names[first]);
      expect(example.tokenRequests()).to.equal(1);
    });
  }

  it('can try again if the code has expired after 31 seconds', async () => {
    example.onCallback = () => example.sandbox.advance(31_000);
    await tab.startLogin();
    await tab.tick('Casa Verde');
    await tab.click('Approve');
    await tab.sees('That took a moment too long');
    expect(await tab.text()).to.contain('30 seconds');
    example.onCallback = () => {};
    await tab.signIn('Casa Verde');
  });

  it('sees the token expire, and refreshes it', async () => {
    await tab.page.clock.install();
    await tab.signIn('Alpine Outfitters');
    await tab.page.clock.fastForward('05:00');
    await tab.page.getByText(/^(9 min 5\d|10 min \d) s left$/).waitFor();
    await tab.page.clock.fastForward('11:00');
    await tab.page.getByText('Expired').waitFor();
    await tab.press('Refresh now', 'Alpine Outfitters');
    await tab.announces('The access token of Alpine Outfitters was refreshed.');
    expect(await tab.text()).to.match(/1[45] min \d+ s left/);
    expect(example.tokenRequests('refresh_token')).to.equal(1);
    await tab.page.reload();
    expect(await tab.page.locator('#live').textContent(), 'told once').to.equal('');
  });

  it('sees after a refresh that the consent was revoked, and gives it again', async () => {
    await tab.signIn('Alpine Outfitters');
    await example.sandbox.revoke();
    await tab.press('Refresh now', 'Alpine Outfitters');
    await tab.page.getByRole('alert').getByText('This connection has ended.').waitFor();
    await tab.click('Reconnect Alpine Outfitters');
    await tab.tick('Alpine Outfitters');
    await tab.click('Approve');
    await tab.press('Refresh now', 'Alpine Outfitters');
    await tab.announces('The access token of Alpine Outfitters was refreshed.');
  });

  it('does not see the dashboard with the back button after signing out', async () => {
    await tab.signIn('Alpine Outfitters');
    await tab.click('Sign out');
    await tab.sees('Your advertisers, in this app');
    await tab.page.goBack();
    await tab.sees('Your advertisers, in this app');
    expect(await tab.text()).not.to.contain('Alpine');
  });

  it('sees a page if Criteo is down, and signs in after it works again', async () => {
    example.sandbox.fault({ on: 'token', status: 503 });
    await tab.startLogin();
    await tab.tick('Alpine Outfitters');
    await tab.click('Approve');
    await tab.sees('Criteo cannot be reached');
    await tab.signIn('Alpine Outfitters');
  });

  it('sees a page if Criteo did not respond in time', async () => {
    example.sandbox.fault({ on: 'token', hang: true });
    await tab.startLogin();
    await tab.tick('Alpine Outfitters');
    await tab.click('Approve');
    await tab.sees('Criteo took too long');
  });

  it('can do everything by keyboard', async () => {
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
    await tab.announces('The access token of Alpine Outfitters and 1 more was refreshed.');
    await tab.tabTo('Sign out');
    await tab.page.keyboard.press('Enter');
    await tab.sees('Your advertisers, in this app');
  });

  it('can do everything without JavaScript', async () => {
    await user.context.close();
    await arrive({ javaScriptEnabled: false });
    await tab.page.getByRole('link', { name: 'Sign in with Criteo' }).click();
    await tab.tick('Alpine Outfitters');
    await tab.click('Approve');
    await tab.page.getByText(/1[45] min \d+ s left/).waitFor();
    await tab.press('Refresh now', 'Alpine Outfitters');
    await tab.page.getByText('The access token of Alpine Outfitters was refreshed.').waitFor();
    await tab.page.locator(':focus').and(tab.page.getByText('Refresh now')).waitFor();
  });

  it('sees every page in full on a narrow screen', async () => {
    await user.context.close();
    await arrive({ viewport: { width: 320, height: 600 } });
    // Each `sees` checks that nothing is wider than the window.
    await tab.startLogin();
    await tab.click('Deny');
    await tab.sees('You declined');
    await tab.page.getByText('For the developer').click();
    await tab.sees('You declined');
    await tab.signIn('Alpine Outfitters', '(no name)');
    await tab.page.goto(example.url);
    await tab.sees('Welcome back');
    await tab.page.goto(`${example.url}/criteo-auth/callback?state=x&code=y`);
    await tab.sees('This link works only once');
  });

  it('never receives a secret in pages, cookies, storage or addresses', async () => {
    const seen: string[] = [];
    const look = async () => {
      seen.push(await tab.page.content());
      seen.push(JSON.stringify(await user.context.storageState()));
      seen.push(String(await tab.page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])')));
    };
    await look();
    await tab.signIn('Alpine Outfitters');
    await look();
    await tab.press('Refresh now', 'Alpine Outfitters');
    await tab.announces('was refreshed');
    await look();
    await example.sandbox.revoke();
    await tab.press('Refresh now', 'Alpine Outfitters');
    await tab.page.getByRole('alert').waitFor();
    await look();
    seen.push(...user.urls);

    const { requests, app } = example.sandbox;
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
