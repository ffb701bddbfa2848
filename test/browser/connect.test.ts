import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { startWorld, type World } from '../example/world';
import { openBrowser, openPerson, type Person, type Tab } from './person';

describe('Somebody who is signed in already', () => {
  let browser: Browser;
  let world: World;
  let person: Person;
  let tab: Tab;

  const session = async () => (await person.context.cookies()).find(({ name }) => name === 'example.sid')?.value;

  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser.close());
  beforeEach(async () => {
    world = await startWorld();
    person = await openPerson(browser, world.url);
    tab = await person.openTab();
    await tab.signInAs('Ada');
  });
  afterEach(async () => {
    await person.context.close();
    await world.close();
    expect(person.complaints, 'complaints of the browser').to.deep.equal([]);
  });

  it('connects Criteo, and their session survives', async () => {
    expect(await tab.text()).to.contain('Nothing is connected yet');
    const before = await session();
    await tab.connect('Alpine Outfitters', 'Delta Bikes');
    expect(await tab.text())
      .to.contain('Signed in as Ada')
      .and.contain('Criteo is connected.');
    expect(await tab.advertisers()).to.deep.equal(['Alpine Outfitters 13', 'Delta Bikes 33071']);
    expect(await session()).to.equal(before);
  });

  it('connects a second portfolio, and works with each of them', async () => {
    await tab.connect('Alpine Outfitters');
    await tab.connect('Casa Verde');
    expect(await tab.connections()).to.deep.equal(['Alpine Outfitters', 'Casa Verde']);
    const tokens = world.tokenRequests();
    await tab.connection('Casa Verde').getByRole('button', { name: 'Refresh now' }).click();
    await tab.page.getByText('The access token was refreshed.').waitFor();
    expect(world.tokenRequests()).to.equal(tokens + 1);
  });

  it('disconnects one portfolio and keeps the other', async () => {
    await tab.connect('Alpine Outfitters');
    await tab.connect('Casa Verde');
    await tab.connection('Alpine Outfitters').getByRole('button', { name: 'Disconnect' }).click();
    await tab.page.getByRole('status').getByText('Disconnected').waitFor();
    expect(await tab.connections()).to.deep.equal(['Casa Verde']);
    expect(await tab.text()).to.contain('Signed in as Ada');
  });

  it('declines, and is still signed in', async () => {
    await tab.click('Connect Criteo');
    await tab.sees('Share your advertisers?');
    await tab.click('Deny');
    await tab.sees('You declined');
    expect(await tab.text()).to.contain('You are still signed in as Ada.');
    await tab.connect('Casa Verde');
    expect(await tab.connections()).to.deep.equal(['Casa Verde']);
  });

  it('is stopped when somebody else has signed in in another tab meanwhile', async () => {
    // A tab that was there before anybody signed in still shows the form.
    await tab.click('Sign out');
    const other = await person.openTab();
    await tab.signInAs('Ada');
    await tab.click('Connect Criteo');
    await tab.tick('Alpine Outfitters');
    await other.signInAs('Bob');
    await tab.click('Approve');
    await tab.sees('Your sign-in changed meanwhile');
    expect(await tab.text()).to.contain('You are still signed in as Bob.');
    expect(world.tokenRequests()).to.equal(0);
    await tab.click('Go to the dashboard');
    await tab.sees('Dashboard');
    expect(await tab.text()).to.contain('Nothing is connected yet');
  });

  it('gets nothing for the next person when they sign out in another tab meanwhile', async () => {
    await tab.click('Connect Criteo');
    await tab.tick('Alpine Outfitters');
    const other = await person.openTab();
    await other.click('Sign out');
    await other.sees('Your advertisers, in this app');
    await other.signInAs('Bob');
    await tab.click('Approve');
    await tab.sees('This link works only once');
    expect(world.tokenRequests()).to.equal(0);
  });

  it('signed in with Criteo: connects more', async () => {
    await tab.click('Sign out');
    await tab.sees('Your advertisers, in this app');
    await tab.signIn('Alpine Outfitters');
    await tab.connect('Casa Verde');
    expect(await tab.connections()).to.deep.equal(['Alpine Outfitters', 'Casa Verde']);
    expect(await tab.text()).to.contain('Signed in as Alpine Outfitters');
  });

  it('needs no mouse', async () => {
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

  it('sees two connections whole on a narrow screen', async () => {
    await tab.page.setViewportSize({ width: 320, height: 600 });
    await tab.connect('Alpine Outfitters', '(no name)');
    await tab.connect('Casa Verde');
    await tab.sees('Dashboard');
  });
});
