import { strict as assert } from 'node:assert';
import { createSandbox } from 'passport-criteo/sandbox';
import { createApp } from './sandbox-app';

export async function signInWithSandbox(): Promise<void> {
  const sandbox = await createSandbox();
  const app = await createApp({ ...sandbox.app, ...sandbox.endpoints }); // your app, its strategy pointed here
  try {
    const login = await fetch(`${app.url}/criteo-auth`, { redirect: 'manual' });
    const consentPage = login.headers.get('location') ?? '';
    const cookie = login.headers.get('set-cookie') ?? '';

    const callback = await sandbox.approve(consentPage); // or: sandbox.deny(consentPage)
    const answer = await fetch(callback, { headers: { cookie }, redirect: 'manual' });

    assert.equal(answer.headers.get('location'), '/dashboard');
    assert.equal(sandbox.connections, 1);
  } finally {
    await app.close();
    await sandbox.close();
  }
}
