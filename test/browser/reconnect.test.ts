import { expect } from 'chai';
import { type RunningExample, startExample } from '../example/support';
import { type BrowserUser, browserUsers, type Tab } from './support';

describe('A user who revokes their consent', () => {
  const openUser = browserUsers();
  let example: RunningExample;
  let user: BrowserUser;
  let tab: Tab;

  beforeEach(async () => {
    example = await startExample();
    user = await openUser(example.url);
    tab = await user.openTab();
    await tab.signInAs('Ada');
    await tab.connect('Alpine Outfitters');
    await tab.connect('Casa Verde');
  });
  afterEach(() => example.close());

  it('revokes it on the sandbox’s page, and reconnects', async () => {
    await tab.click('sandbox');
    await tab.sees('Criteo sandbox');
    await tab.page.getByRole('button', { name: /^Revoke the consent of .* for Casa Verde$/ }).click();
    await tab.page.getByText('revoked').waitFor();

    await tab.page.goto(`${example.url}/dashboard`);
    await tab.sees('Dashboard');
    const ended = tab.connection('Casa Verde');
    await ended.getByRole('alert').getByText('This connection has ended.').waitFor();
    expect(await tab.page.getByRole('alert').count(), 'the other one is active').to.equal(1);

    await ended.getByRole('link', { name: 'Reconnect Casa Verde' }).click();
    await tab.tick('Casa Verde');
    await tab.click('Approve');
    await tab.sees('Dashboard');
    expect(await tab.page.getByRole('alert').count()).to.equal(0);
    expect(await tab.connections()).to.deep.equal(['Alpine Outfitters', 'Casa Verde']);
    await tab.press('Refresh now', 'Casa Verde');
    await tab.announces('The access token of Casa Verde was refreshed.');
  });

  it('sees that the token is refreshed after the sandbox’s clock was moved', async () => {
    await tab.click('sandbox');
    await tab.click('15 minutes (access tokens expire)');
    await tab.page.getByText('15 min ahead').waitFor();
    await tab.page.goto(`${example.url}/dashboard`);
    await tab.connection('Casa Verde').getByText('Access token, refreshed at').waitFor();
    expect(example.tokenRequests('refresh_token')).to.equal(2);
  });

  it('sees the notice in full on a narrow screen, and reaches it by keyboard', async () => {
    await example.sandbox.revoke();
    await tab.page.setViewportSize({ width: 320, height: 600 });
    await tab.page.reload();
    await tab.sees('Dashboard');
    await tab.tabTo('Reconnect');
    await tab.page.keyboard.press('Enter');
    await tab.sees('Share your advertisers?');
  });
});
