import { expect } from 'chai';
import { type RunningExample, startExample } from '../example/support';
import { type BrowserUser, browserUsers, type Tab } from './support';

describe('A signed-in user', () => {
  const openUser = browserUsers();
  let example: RunningExample;
  let user: BrowserUser;
  let tab: Tab;

  const session = async () => (await user.context.cookies()).find(({ name }) => name === 'example.sid')?.value;

  beforeEach(async () => {
    example = await startExample();
    user = await openUser(example.url);
    tab = await user.openTab();
    await tab.signInAs('Ada');
  });
  afterEach(() => example.close());

  it('connects Criteo and stays signed in', async () => {
    expect(await tab.text()).to.contain('Nothing is connected yet');
    const before = await session();
    await tab.connect('Alpine Outfitters', 'Delta Bikes');
    expect(await tab.text())
      .to.contain('Signed in as Ada')
      .and.contain('Criteo is connected.');
    expect(await tab.advertisers()).to.deep.equal(['Alpine Outfitters 13', 'Delta Bikes 33071']);
    expect(await session()).to.equal(before);
  });

  it('connects a second portfolio, and can use both', async () => {
    await tab.connect('Alpine Outfitters');
    await tab.connect('Casa Verde');
    expect(await tab.connections()).to.deep.equal(['Alpine Outfitters', 'Casa Verde']);
    const tokens = example.tokenRequests();
    await tab.press('Refresh now', 'Casa Verde');
    await tab.announces('The access token of Casa Verde was refreshed.');
    expect(example.tokenRequests()).to.equal(tokens + 1);
  });

  it('disconnects one portfolio, and keeps the other', async () => {
    await tab.connect('Alpine Outfitters');
    await tab.connect('Casa Verde');
    await tab.press('Disconnect', 'Alpine Outfitters');
    await tab.announces('Disconnected');
    expect(await tab.connections()).to.deep.equal(['Casa Verde']);
    expect(await tab.text()).to.contain('Signed in as Ada');
  });

  it('declines and stays signed in', async () => {
    await tab.click('Connect Criteo');
    await tab.sees('Share your advertisers?');
    await tab.click('Deny');
    await tab.sees('You declined');
    expect(await tab.text()).to.contain('You are still signed in as Ada.');
    await tab.connect('Casa Verde');
    expect(await tab.connections()).to.deep.equal(['Casa Verde']);
  });

  it('gets an error page if another user has signed in in another tab', async () => {
    // This tab was opened before the sign-in, so it still shows the form.
    await tab.click('Sign out');
    const other = await user.openTab();
    await tab.signInAs('Ada');
    await tab.click('Connect Criteo');
    await tab.tick('Alpine Outfitters');
    await other.signInAs('Bob');
    await tab.click('Approve');
    await tab.sees('Your sign-in changed meanwhile');
    expect(await tab.text()).to.contain('You are still signed in as Bob.');
    expect(example.tokenRequests()).to.equal(0);
    await tab.click('Go to the dashboard');
    await tab.sees('Dashboard');
    expect(await tab.text()).to.contain('Nothing is connected yet');
  });

  it('does not connect Criteo to another user after signing out in another tab', async () => {
    await tab.click('Connect Criteo');
    await tab.tick('Alpine Outfitters');
    const other = await user.openTab();
    await other.click('Sign out');
    await other.sees('Your advertisers, in this app');
    await other.signInAs('Bob');
    await tab.click('Approve');
    await tab.sees('This link works only once');
    expect(example.tokenRequests()).to.equal(0);
  });

  it('connects another portfolio after signing in with Criteo', async () => {
    await tab.click('Sign out');
    await tab.sees('Your advertisers, in this app');
    await tab.signIn('Alpine Outfitters');
    await tab.connect('Casa Verde');
    expect(await tab.connections()).to.deep.equal(['Alpine Outfitters', 'Casa Verde']);
    expect(await tab.text()).to.contain('Signed in as Alpine Outfitters');
  });

  it('can do everything by keyboard', async () => {
    await tab.tabTo('Connect Criteo');
    await tab.page.keyboard.press('Enter');
    await tab.sees('Share your advertisers?');
    await tab.tick('Casa Verde');
    await tab.click('Approve');
    await tab.sees('Dashboard');
    await tab.tabTo('Disconnect');
    await tab.page.keyboard.press('Enter');
    await tab.page.getByText('Nothing is connected yet').waitFor();
  });

  it('sees two connections in full on a narrow screen', async () => {
    await tab.page.setViewportSize({ width: 320, height: 600 });
    await tab.connect('Alpine Outfitters', '(no name)');
    await tab.connect('Casa Verde');
    await tab.sees('Dashboard');
  });
});
