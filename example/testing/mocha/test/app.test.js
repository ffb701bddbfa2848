import { strict as assert } from 'node:assert';
import { createSandbox } from 'passport-criteo/sandbox';
import supertest from 'supertest';
import { startApp } from '../app.js';

describe('the app', () => {
  let sandbox;
  let app;
  let browser; // keeps cookies
  before(async () => {
    sandbox = await createSandbox();
    app = await startApp({ ...sandbox.app, ...sandbox.endpoints });
  });
  beforeEach(() => {
    sandbox.reset();
    browser = supertest.agent(app.url);
  });
  after(async () => {
    await app.close();
    await sandbox.close();
  });

  /** Signs in, with the decision that the user makes at Criteo. */
  async function signIn(decide = (consentURL) => sandbox.approve(consentURL)) {
    const { headers } = await browser.get('/criteo-auth');
    const callback = new URL(await decide(headers.location));
    return browser.get(callback.pathname + callback.search);
  }

  it('signs in a user, and shows the advertisers that they ticked', async () => {
    await signIn((consentURL) => sandbox.approve(consentURL, { advertisers: ['13'] }));
    const { text } = await browser.get('/');
    assert.match(text, /Hello, Northwind Outdoor/);
    assert.equal(text.match(/<li>/g).length, 1);
  });

  it('does not sign in a user who declines', async () => {
    const { headers } = await signIn((consentURL) => sandbox.deny(consentURL));
    assert.equal(headers.location, '/?declined');
    assert.match((await browser.get('/?declined')).text, /You declined/);
  });

  it('gets a new access token when the old one has expired', async () => {
    await signIn();
    sandbox.advance(15 * 60_000);
    assert.equal((await browser.get('/')).status, 200);
    const refresh = await sandbox.waitForRequest({ form: { grant_type: 'refresh_token' } });
    assert.equal(refresh.status, 200);
  });

  it('asks for the connection again when the user has revoked it', async () => {
    await signIn();
    await sandbox.revoke();
    assert.match((await browser.get('/')).text, /Connect Criteo again/);
  });

  it('says when Criteo is down', async () => {
    sandbox.fault({ on: 'token', status: 503 });
    assert.match((await signIn()).text, /Try again in a minute/);
  });
});
