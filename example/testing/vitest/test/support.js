import { createSandbox } from 'passport-criteo/sandbox';
import supertest from 'supertest';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { startApp } from '../app.js';

/** Gives each test file a sandbox and an app of its own: files that run at the same time do not meet. */
export function useSandbox() {
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
export async function signIn({ browser, sandbox }, decide = (consentURL) => sandbox.approve(consentURL)) {
  const { headers } = await browser.get('/criteo-auth');
  const callback = new URL(await decide(headers.location));
  return browser.get(callback.pathname + callback.search);
}
