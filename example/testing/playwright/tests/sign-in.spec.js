import { control, expect, test } from './sandbox.js';

test.beforeEach(({ criteo }) => control('POST', '/reset', { app: criteo.app }));

async function signIn(page) {
  await page.goto('/');
  await page.getByRole('link', { name: 'Sign in with Criteo' }).click();
  await page.getByRole('checkbox', { name: 'Northwind Outdoor' }).check();
  await page.getByRole('button', { name: 'Approve' }).click();
  await expect(page.getByRole('heading')).toHaveText('Hello, Northwind Outdoor');
}

test('signs in with Criteo, and shows the advertiser that was ticked', async ({ page }) => {
  await signIn(page);
  await expect(page.getByRole('listitem')).toHaveText(['Northwind Outdoor']);
});

test('tells a user who denies that nothing was connected', async ({ page }) => {
  await page.goto('/criteo-auth');
  await page.getByRole('button', { name: 'Deny' }).click();
  await expect(page.getByRole('heading')).toHaveText('You declined');
});

test('still shows the advertiser when the access token has expired', async ({ page, criteo }) => {
  await signIn(page);
  await control('PATCH', '/clock', { advance: 15 * 60_000, app: criteo.app });
  await page.reload();
  await expect(page.getByRole('listitem')).toHaveText(['Northwind Outdoor']);
});

test('asks for the connection again when the user has revoked it', async ({ page, criteo }) => {
  await signIn(page);
  await control('DELETE', `/consents?app=${criteo.app}`);
  await page.reload();
  await expect(page.getByRole('link', { name: 'Connect Criteo again' })).toBeVisible();
});
