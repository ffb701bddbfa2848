const { createSandbox } = require('passport-criteo/sandbox');
const supertest = require('supertest');
const { startApp } = require('../app');

/** Gives each test file a sandbox and an app of its own: files that run at the same time do not meet. */
function useSandbox() {
  const criteo = {};
  beforeAll(async () => {
    criteo.sandbox = await createSandbox();
    criteo.app = await startApp({ ...criteo.sandbox.app, ...criteo.sandbox.endpoints });
  });
  beforeEach(() => {
    criteo.sandbox.reset();
    criteo.browser = supertest.agent(criteo.app.url); // keeps cookies
  });
  afterAll(async () => {
    await criteo.app.close();
    await criteo.sandbox.close();
  });
  return criteo;
}

/** Signs in, with the decision that the user makes at Criteo. */
async function signIn({ browser, sandbox }, decide = (consentURL) => sandbox.approve(consentURL)) {
  const { headers } = await browser.get('/criteo-auth');
  const callback = new URL(await decide(headers.location));
  return browser.get(callback.pathname + callback.search);
}

module.exports = { signIn, useSandbox };
