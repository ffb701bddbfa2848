import { expect } from 'chai';
import type { Sandbox } from 'passport-criteo/sandbox';

export async function testFaults(sandbox: Sandbox, signIn: () => Promise<{ status: number }>): Promise<void> {
  sandbox.fault({ on: 'token', status: 503 }); // Criteo is down, once
  expect((await signIn()).status).to.equal(503);

  sandbox.fault({ on: 'api', rateLimit: 60, times: Number.POSITIVE_INFINITY }); // no portfolio for a minute
  expect((await signIn()).status).to.equal(503);
}
