import { expect } from 'chai';
import { type RunningExample, startExample } from '../example/support';
import { type BrowserUser, browserUsers, type Tab } from './support';

describe('A form that is sent without reloading the page', () => {
  const openUser = browserUsers();
  let example: RunningExample;
  let user: BrowserUser;
  let tab: Tab;

  const focused = (): Promise<string> => tab.page.locator(':focus').innerText();
  const loads = (path: string): number => user.urls.filter((url) => new URL(url).pathname === path).length;

  beforeEach(async () => {
    example = await startExample();
    user = await openUser(example.url, { permissions: ['clipboard-read', 'clipboard-write'] });
    tab = await user.openTab();
    await tab.signInAs('Ada');
    await tab.connect('Alpine Outfitters');
    await tab.connect('Casa Verde');
  });
  afterEach(() => example.close());

  it('keeps the focus on "Refresh now", and informs screen readers each time', async () => {
    await tab.page.evaluate(`
      globalThis.told = [];
      new MutationObserver(() => told.push(live.textContent)).observe(live, { childList: true });
    `);
    for (let times = 1; times <= 2; times += 1) {
      const refreshed = tab.page.waitForResponse((response) => response.status() === 200);
      if (times === 1) await tab.page.getByRole('button', { name: 'Refresh now for Casa Verde' }).focus();
      await tab.page.keyboard.press('Enter');
      await refreshed;
      // A token that was issued a moment ago is not refreshed again.
      const moment = times === 1 ? '' : ' a moment ago';
      await tab.announces(`The access token of Casa Verde was refreshed${moment}.`);
      expect(await focused())
        .to.contain('Refresh now')
        .and.contain('Casa Verde');
      expect(example.tokenRequests('refresh_token')).to.equal(1);
    }
    const told = await tab.page.evaluate<string[]>('told.filter(Boolean)');
    const refreshed = 'The access token of Casa Verde was refreshed';
    expect(told).to.deep.equal([`${refreshed}.`, `${refreshed} a moment ago.`]);
    expect(await tab.connection('Casa Verde').getByText('refreshed at').isVisible()).to.equal(true);
  });

  it('starts one countdown, from the new lifetime', async () => {
    await tab.page.clock.install();
    await tab.page.reload();
    await tab.page.clock.fastForward('05:00');
    await tab
      .connection('Casa Verde')
      .getByText(/^(9 min 5\d|10 min \d) s left$/)
      .waitFor();
    await tab.press('Refresh now', 'Casa Verde');
    await tab.announces('Casa Verde was refreshed');
    await tab
      .connection('Casa Verde')
      .getByText(/^1[45] min \d+ s left$/)
      .waitFor();
  });

  it('moves the focus to the heading after a connection was removed, not to another Disconnect button', async () => {
    await tab.page.getByRole('button', { name: 'Disconnect for Alpine Outfitters' }).focus();
    await tab.page.keyboard.press('Enter');
    await tab.announces('Disconnected');
    expect(await focused()).to.equal('Dashboard');
    expect(await tab.connections()).to.deep.equal(['Casa Verde']);
  });

  it('shows a failure on the page, with a link back', async () => {
    example.sandbox.fault({ on: 'token', status: 503, times: Infinity });
    await tab.press('Refresh now', 'Casa Verde');
    await tab.sees('Criteo cannot be reached');
    await tab.announces('Criteo cannot be reached');
    expect(await tab.page.title()).to.match(/^Criteo cannot be reached/);
    expect(await focused()).to.equal('Criteo cannot be reached');
    await tab.click('Home');
    await tab.sees('Welcome back');
  });

  it('shows a message if the app cannot be reached, and works again later', async () => {
    await user.context.route('**/refresh', (route) => route.abort());
    await tab.press('Refresh now', 'Casa Verde');
    await tab.announces('The app cannot be reached. Try again.');
    expect(user.complaints.splice(0), 'the failed request').to.have.lengthOf.at.most(1);
    await user.context.unroute('**/refresh');
    await tab.press('Refresh now', 'Casa Verde');
    await tab.announces('Casa Verde was refreshed');
  });

  it('leads to the start page if the user signed out in another tab', async () => {
    const other = await user.openTab();
    await other.click('Sign out');
    await other.sees('Your advertisers, in this app');
    await tab.press('Refresh now', 'Casa Verde');
    await tab.sees('Your advertisers, in this app');
    expect(example.tokenRequests('refresh_token')).to.equal(0);
  });

  it('is sent once if the button is pressed several times', async () => {
    await tab.page.getByRole('button', { name: 'Refresh now for Casa Verde' }).dblclick();
    await tab.announces('Casa Verde was refreshed');
    expect(loads('/refresh')).to.equal(1);
  });

  it('is not needed to select a redirect URI with one click, or to copy it with a button', async () => {
    await tab.click('Sign out');
    const uri = `${example.url}/criteo-auth/callback`;
    await tab.page.getByText(uri, { exact: true }).click();
    expect(await tab.page.evaluate('getSelection().toString()')).to.equal(uri);
    await tab.click('Copy Redirect URI to sign in');
    await tab.announces('Copied Redirect URI to sign in');
    expect(await tab.page.evaluate('navigator.clipboard.readText()')).to.equal(uri);
  });
});
