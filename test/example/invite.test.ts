import { expect } from 'chai';
import { signConsentCallback } from 'passport-criteo';
import { CookieClient } from '../support/cookie-client';
import { type RunningExample, startExample } from './support';

describe('The example’s invitations', () => {
  let example: RunningExample;
  let client: CookieClient;

  const start = async (options: Parameters<typeof startExample>[0] = {}) => {
    example = await startExample(options);
    client = new CookieClient(example.url);
    await client.post('/sign-in', { name: 'Ada' });
  };
  beforeEach(() => start());
  afterEach(() => example.close());

  /** Makes a link. Returns its page and the link itself. */
  const invite = async () => {
    const { location } = await client.post('/invite');
    const { body } = await client.get(location);
    const link = /value="([^"]+)" readonly/.exec(body)?.[1] ?? '';
    return { page: location, link: link.replaceAll('&amp;', '&') };
  };
  /** Posts to the consent callback like Criteo. */
  const report = async (body: object, signature?: string) => {
    const text = JSON.stringify(body);
    const { signingSecret } = example.sandbox.app;
    const headers = { 'x-criteo-hmac-sha512': signature ?? signConsentCallback(text, signingSecret) };
    return (await fetch(`${example.url}/criteo-consent`, { method: 'POST', body: text, headers })).status;
  };
  /** Listens to the page's events. Returns the first one. */
  const listen = async (page: string) => {
    const { type, first } = await client.listen(`${page}/events`);
    return { type, first: first() };
  };

  it('have a link that Criteo accepts, a new one each time', async () => {
    const { page, link } = await invite();
    expect(page).to.match(/\/invite\/[0-9a-f-]{36}$/);
    expect((await fetch(link)).status).to.equal(200);
    expect((await invite()).link).not.to.equal(link);
  });

  it('show granted advertisers by name, read with the app’s own token', async () => {
    const { page, link } = await invite();
    expect((await client.get(page)).body).to.contain('Waiting for a decision');
    expect(await example.sandbox.approve(link, { advertisers: ['13', '1352'] })).to.equal(`${example.url}/invited`);
    const { body } = await client.get(page);
    expect(body).to.contain('2 advertisers').and.contain('Alpine Outfitters').and.not.contain('Casa Verde');
    expect(body, 'escaped').to.contain('Bakery &amp; &lt;b&gt;Sons&lt;/b&gt;');
    expect(example.tokenRequests('client_credentials')).to.equal(1);
    await client.get(page);
    expect(example.tokenRequests(), 'the token is kept').to.equal(1);
    expect((await client.get('/invite')).body).to.contain('Granted: 2 advertisers');
  });

  it('show a denial, without a request to the API', async () => {
    const { page, link } = await invite();
    await example.sandbox.deny(link);
    expect((await client.get(page)).body).to.contain('Nothing was shared');
    expect((await client.get('/invite')).body).to.contain('Denied');
    expect(example.tokenRequests()).to.equal(0);
  });

  it('update an open page after the decision', async () => {
    const { page, link } = await invite();
    const { type, first } = await listen(page);
    expect(type).to.equal('text/event-stream');
    await example.sandbox.approve(link, { advertisers: ['20481'] });
    expect(await first)
      .to.contain('Casa Verde')
      .and.contain('1 advertiser.');
  });

  it('update a page that was opened after the decision', async () => {
    const { page, link } = await invite();
    await example.sandbox.deny(link);
    expect(await (await listen(page)).first).to.contain('Denied');
  });

  it('are shown to the user who made them only', async () => {
    const { page, link } = await invite();
    await example.sandbox.approve(link);
    client = new CookieClient(example.url);
    await client.post('/sign-in', { name: 'Bob' });
    expect((await client.get(page)).status).to.equal(404);
    expect((await client.get(`${page}/events`)).status).to.equal(204);
    expect((await client.get('/invite')).body).not.to.contain('Granted');
  });

  it('require a signed-in user', async () => {
    const visitor = new CookieClient(example.url);
    expect((await visitor.get('/invite')).location).to.equal(`${example.url}/`);
    expect((await visitor.post('/invite')).location).to.equal(`${example.url}/`);
    expect((await client.post('/invite', {}, { origin: 'https://evil.example' })).status).to.equal(403);
    expect((await client.get('/invite')).body).not.to.contain('Your links');
  });

  it('reject a decision with a wrong signature', async () => {
    const { page, link } = await invite();
    const state = new URL(link).searchParams.get('state');
    expect(await report({ Type: 'ConsentGranted', Advertisers: ['13'], State: state }, 'ab'.repeat(64))).to.equal(401);
    expect((await client.get(page)).body).to.contain('Waiting for a decision');
    expect(example.log.join()).to.contain('signature_mismatch');
  });

  it('accept decisions on unknown links, so that Criteo does not repeat them', async () => {
    expect(await report({ Type: 'ConsentGranted', Advertisers: ['13'], State: 'unknown' })).to.equal(204);
    expect(example.log.join()).to.contain('unknown_invitation');
  });

  it('ignore events of other types', async () => {
    const { page, link } = await invite();
    const State = new URL(link).searchParams.get('state');
    expect(await report({ Type: 'ConsentRemembered', State })).to.equal(204);
    expect((await client.get(page)).body).to.contain('Waiting for a decision');
  });

  it('say what is no longer shared', async () => {
    const { page, link } = await invite();
    await example.sandbox.approve(link, { advertisers: ['13'] });
    await example.sandbox.revoke();
    expect((await client.get(page)).body)
      .to.contain('No longer shared')
      .and.not.contain('Alpine');
  });

  it('show ids and the reason if the API is down', async () => {
    const { page, link } = await invite();
    await example.sandbox.approve(link, { advertisers: ['13'] });
    example.sandbox.fault({ on: 'api', status: 503, times: Infinity });
    const { status, body } = await client.get(page);
    expect(status).to.equal(200);
    expect(body).to.contain('Criteo cannot be reached').and.contain('<code>13</code>');
  });

  it('name the missing settings if there is no key pair', async () => {
    await example.close();
    await start({ signing: 'none' });
    const body = (await client.get('/invite')).body.replaceAll('<wbr>', '');
    expect(body)
      .to.contain('CRITEO_SIGNING_KEY')
      .and.contain('CRITEO_SIGNING_SECRET')
      .and.contain(`${example.url}/criteo-consent`)
      .and.not.contain('Make a link</button>')
      .and.not.contain('CRITEO_CLIENT_SECRET');
    expect((await client.post('/invite')).status).to.equal(404);
  });

  it('share Retail Media accounts of several API pages', async () => {
    await example.close();
    await start({
      criteo: { service: 'retail-media' },
      sandbox: { app: { service: 'retail-media' }, portfolio: 30 },
    });
    expect((await client.get('/invite')).title).to.equal('Invite an account');
    const { page, link } = await invite();
    await example.sandbox.approve(link);
    expect((await client.get(page)).body)
      .to.contain('30 accounts')
      .and.contain('Client 30')
      .and.not.contain('No longer');
  });

  it('thank the invited person', async () => {
    expect((await new CookieClient(example.url).get('/invited')).title).to.equal('Thank you');
  });
});
