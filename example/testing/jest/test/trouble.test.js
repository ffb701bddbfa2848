const { signIn, useSandbox } = require('./support');

const criteo = useSandbox();

test('gets a new access token when the old one has expired', async () => {
  await signIn(criteo);
  criteo.sandbox.advance(15 * 60_000);
  expect((await criteo.browser.get('/')).status).toBe(200);
  const refresh = await criteo.sandbox.waitForRequest({ form: { grant_type: 'refresh_token' } });
  expect(refresh.status).toBe(200);
});

test('asks for the connection again when the user has revoked it', async () => {
  await signIn(criteo);
  await criteo.sandbox.revoke();
  expect((await criteo.browser.get('/')).text).toContain('Connect Criteo again');
});

test('says when Criteo is down', async () => {
  criteo.sandbox.fault({ on: 'token', status: 503 });
  expect((await signIn(criteo)).text).toContain('Try again in a minute');
});
