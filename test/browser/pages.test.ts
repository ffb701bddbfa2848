import { expect } from 'chai';
import { type RunningExample, startExample } from '../example/support';
import { expectAccessible } from './accessibility';
import { type BrowserUser, browserUsers, type Tab } from './support';

describe('Every page of the example is accessible and has a link back:', () => {
  const openUser = browserUsers();
  let example: RunningExample | undefined;
  let user: BrowserUser;
  let tab: Tab;

  const open = async (options: Parameters<typeof startExample>[0] = {}): Promise<RunningExample> => {
    example = await startExample(options);
    user = await openUser(example.url);
    tab = await user.openTab();
    return example;
  };
  afterEach(() => example?.close());

  const check = async (name: string, home = 'passport-criteo example, home'): Promise<void> => {
    await expectAccessible(tab.page, name);
    await tab.page.getByRole('banner').getByRole('link', { name: home, exact: true }).waitFor();
    for (const landmark of ['banner', 'main', 'contentinfo'] as const) {
      expect(await tab.page.getByRole(landmark).count(), `${name}: ${landmark}`).to.equal(1);
    }
  };

  it('the start page, before and after signing in', async () => {
    await open();
    await check('start');
    await tab.signInAs('Ada');
    await tab.page.goto(example?.url ?? '');
    await tab.sees('Welcome back');
    await check('welcome');
    expect(await tab.page.getByRole('navigation', { name: 'Pages' }).getByRole('link').allInnerTexts()).to.deep.equal([
      'Dashboard',
      'Invitations',
    ]);
  });

  it('the start page of an app that talks to Criteo, with PKCE, for Retail Media', async () => {
    await open({ criteo: { service: 'retail-media', pkce: true }, sandbox: { app: { pkce: true } }, real: true });
    expect(await tab.text()).to.contain('talks to the real Criteo');
    await check('start with Criteo');
  });

  it('the dashboard: empty, with portfolios of the same name, after a refresh, while Criteo is down, after a revocation', async () => {
    const { sandbox, url } = await open();
    await tab.signInAs('Ada');
    await check('empty dashboard');
    await tab.connect('Alpine Outfitters', 'Bakery');
    await tab.connect('Alpine Outfitters', '(no name)');
    expect(await tab.connections()).to.deep.equal(['Alpine Outfitters and 1 more', 'Alpine Outfitters and 1 more (2)']);
    await tab.press('Refresh now', 'Alpine Outfitters and 1 more (2)');
    await tab.announces('The access token of Alpine Outfitters and 1 more (2) was refreshed.');
    await check('dashboard');
    const outage = sandbox.fault({ on: 'api', status: 503, times: Infinity });
    await tab.page.reload();
    await tab.page.getByText('Criteo cannot be reached').first().waitFor();
    await check('dashboard while Criteo is down');
    outage.clear();
    await sandbox.revoke();
    await tab.page.goto(`${url}/dashboard`);
    await tab.page.getByRole('alert').first().waitFor();
    await check('ended connections');
  });

  it('failures', async () => {
    const { url } = await open();
    await tab.startLogin();
    await tab.click('Deny');
    await tab.sees('You declined');
    await tab.page.getByText('For the developer').click();
    await check('declined');
    await tab.page.goto(`${url}/nowhere`);
    await tab.sees('There is no such page');
    await check('not found');
    await tab.page.goto(url);
    await tab.signIn('Alpine Outfitters');
    await tab.page.goto(user.urls.find((address) => address.includes('/callback?')) ?? '');
    await tab.sees('This link works only once');
    await check('callback loaded again');
  });

  it('invitations: before one, waiting, granted, denied, and the page for the invited person', async () => {
    const { sandbox, url } = await open();
    await tab.signInAs('Ada');
    await tab.click('Invite an advertiser');
    await tab.sees('Invite an advertiser');
    await check('no invitations');
    await tab.click('Back to the dashboard');
    const link = await tab.invite();
    await check('invitation waiting');
    await sandbox.approve(link, { advertisers: ['13', '20481'] });
    await tab.page.getByText('Casa Verde').waitFor();
    await check('invitation granted');
    await tab.click('Back to the dashboard');
    await sandbox.deny(await tab.invite());
    await tab.page.getByText('Nothing was shared.').waitFor();
    await check('invitation denied');
    await tab.click('All links');
    await tab.page.getByText('Denied').waitFor();
    await check('invitations');
    await tab.page.goto(`${url}/invited`);
    await tab.sees('Thank you');
    await check('invited');
  });

  it('invitations without the keys they need', async () => {
    await open({ signing: 'none' });
    await tab.signInAs('Ada');
    await tab.click('Invite an advertiser');
    await tab.page.getByText('Something is missing').waitFor();
    await check('invitations without keys');
  });

  it('any page after the sandbox’s clock was moved', async () => {
    const { sandbox } = await open();
    sandbox.advance(180 * 86_400_000);
    await tab.page.reload();
    await tab.page.getByText('180 days ahead').waitFor();
    await check('clock moved');
  });
});
