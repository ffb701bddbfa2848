import { expect } from 'chai';
import { type RunningExample, startExample } from '../example/support';
import { type BrowserUser, browserUsers, Tab } from './support';

describe('A user who invites another person', () => {
  const openUser = browserUsers();
  let example: RunningExample;
  let host: BrowserUser;
  let guest: BrowserUser;
  let tab: Tab;

  beforeEach(async () => {
    example = await startExample();
    host = await openUser(example.url, { permissions: ['clipboard-read', 'clipboard-write'] });
    guest = await openUser(example.url);
    tab = await host.openTab();
    await tab.signInAs('Ada');
  });
  afterEach(() => example.close());

  /** Opens Criteo's consent page as the invited person, in another browser. */
  const open = async (link: string) => {
    const page = new Tab(await guest.context.newPage());
    await page.page.goto(link);
    await page.sees('Share your advertisers?');
    return page;
  };
  const decision = () => tab.page.getByRole('region', { name: 'Decision' });

  it('copies the link, and sees what was granted without reloading the page', async () => {
    const link = await tab.invite();
    await tab.click('Copy the link');
    await tab.page.getByRole('button', { name: 'Copied the link' }).waitFor();
    expect(await tab.page.evaluate('navigator.clipboard.readText()')).to.equal(link);
    await decision().getByText('Waiting for a decision').waitFor();

    const theirs = await open(link);
    await theirs.tick('Bakery', 'Casa Verde');
    await theirs.click('Approve');
    await theirs.sees('Thank you');

    await decision().getByText('2 advertisers').waitFor();
    expect(await tab.advertisers()).to.deep.equal(['Bakery & <b>Sons</b> 1352', 'Casa Verde 20481']);
    expect(
      host.urls.filter((url) => url === tab.page.url()),
      'loaded once',
    ).to.have.lengthOf(1);
    expect(example.tokenRequests('client_credentials')).to.equal(1);
    await tab.page.reload();
    await decision().getByText('Casa Verde').waitFor();
    expect(example.tokenRequests(), 'the token is used again').to.equal(1);
  });

  it('sees what was denied', async () => {
    const theirs = await open(await tab.invite());
    await theirs.click('Deny');
    await theirs.sees('Thank you');
    await decision().getByText('Nothing was shared.').waitFor();
    expect(example.tokenRequests()).to.equal(0);
    await tab.click('All links');
    await tab.page.getByText('Denied').waitFor();
  });

  it('sees the decision on each link on its own page', async () => {
    const links = [await tab.invite()];
    const second = await host.openTab();
    await second.click('Go to the dashboard');
    links.push(await second.invite());
    const [first = '', other = ''] = links;
    await (await open(other)).click('Deny');
    await second.page.getByRole('region', { name: 'Decision' }).getByText('Denied').waitFor();
    await decision().getByText('Waiting').waitFor();
    const theirs = await open(first);
    await theirs.tick('Alpine Outfitters');
    await theirs.click('Approve');
    await decision().getByText('1 advertiser').waitFor();
  });

  it('sees the decision once if Criteo delivers it twice', async () => {
    example.sandbox.fault({ on: 'delivery', duplicate: true });
    const theirs = await open(await tab.invite());
    await theirs.tick('Alpine Outfitters');
    await theirs.click('Approve');
    await theirs.sees('Thank you');
    await decision().getByText('1 advertiser').waitFor();
    expect(example.log).to.deep.equal([]);
  });

  it('can do everything by keyboard, and sees every page in full on a narrow screen', async () => {
    await tab.page.setViewportSize({ width: 320, height: 600 });
    await tab.tabTo('Invite an advertiser');
    await tab.page.keyboard.press('Enter');
    await tab.sees('Invite an advertiser');
    await tab.tabTo('Make a link');
    await tab.page.keyboard.press('Enter');
    await tab.sees('Your link');
    const link = await tab.page.getByLabel('The link to send').inputValue();
    await tab.tabTo('Copy');
    await tab.page.keyboard.press('Enter');
    await tab.page.getByRole('button', { name: 'Copied the link' }).waitFor();
    const theirs = await open(link);
    await theirs.page.setViewportSize({ width: 320, height: 600 });
    await theirs.tick('Alpine Outfitters', '(no name)');
    await theirs.click('Approve');
    await theirs.sees('Thank you');
    await decision().getByText('2 advertisers').waitFor();
    await tab.sees('Your link');
    await tab.click('All links');
    await tab.sees('Invite an advertiser');
  });

  it('can do everything without JavaScript', async () => {
    await host.context.close();
    host = await openUser(example.url, { javaScriptEnabled: false });
    const { page } = await host.openTab();
    await page.getByLabel('Your name').fill('Ada');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('link', { name: 'Invite an advertiser' }).click();
    await page.getByRole('button', { name: 'Make a link' }).click();
    await page.getByText('Reload this page').waitFor();
    await example.sandbox.deny(await page.getByLabel('The link to send').inputValue());
    await page.reload();
    await page.getByText('Nothing was shared.').waitFor();
  });
});
