import { expect, test } from 'vitest';
import { signIn, useSandbox } from './support.js';

const criteo = useSandbox();

test('signs in a user, and shows the advertisers that they ticked', async () => {
  await signIn(criteo, (consentURL) => criteo.sandbox.approve(consentURL, { advertisers: ['13'] }));
  const { text } = await criteo.browser.get('/');
  expect(text).toContain('Hello, Northwind Outdoor');
  expect(text.match(/<li>/g)).toHaveLength(1);
});

test('does not sign in a user who declines', async () => {
  const { headers } = await signIn(criteo, (consentURL) => criteo.sandbox.deny(consentURL));
  expect(headers.location).toBe('/?declined');
  expect((await criteo.browser.get('/?declined')).text).toContain('You declined');
});
