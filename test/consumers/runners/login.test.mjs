import { expect, it } from 'vitest';
import { signIn } from './login.mjs';

it('signs a person in', async () => {
  expect(await signIn()).toBe('signed in as Northwind Outdoor and 4 more');
});
