import { test as base, expect } from '@playwright/test';
import { startApp } from '../app.js';

export const sandboxURL = `http://127.0.0.1:${process.env.SANDBOX_PORT ?? 4300}`;

/** Calls the sandbox's HTTP API. */
export async function control(method, path, body) {
  const headers = { 'X-Criteo-Sandbox': '1', 'Content-Type': 'application/json' };
  const url = `${sandboxURL}/sandbox/api${path}`;
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  expect(response.ok, `${method} ${url}`).toBe(true);
  return response.status === 204 ? undefined : response.json();
}

/** Gives each worker an app of the shared sandbox, and a server of yours that uses it: workers do not meet. */
export const test = base.extend({
  criteo: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright demands an object pattern
    async ({}, use) => {
      const { endpoints } = await control('GET', '');
      const { clientID, credentials } = await control('POST', '/apps', {});
      const app = await startApp({ ...credentials, ...endpoints });
      await use({ app: clientID, url: app.url });
      await app.close();
      await control('DELETE', `/apps/${clientID}`);
    },
    { scope: 'worker' },
  ],
  baseURL: ({ criteo }, use) => use(criteo.url),
});

export { expect };
