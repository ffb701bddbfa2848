import { Agent } from 'node:https';
import { expect } from 'chai';
import { CriteoClient, CriteoStrategy, CriteoTransportError } from '../../../lib/index';
import { createSandbox } from '../../../lib/sandbox';
import { cert } from '../../support/certificate';
import { rejection } from '../../support/errors';
import { authenticate } from '../../support/passport';
import { startSecureSandbox } from '../../support/secure-sandbox';

/** Runs a whole login without a browser. Returns its outcome. */
async function login(options: object, approve: (url: string) => Promise<string>) {
  const verify = ({ profile }: { profile?: { id: string } }): object => ({ id: profile?.id });
  const strategy = Reflect.construct(CriteoStrategy, [{ ...options, verify }]) as CriteoStrategy;
  const session = {};
  const { args } = await authenticate(strategy, { method: 'GET', headers: {}, session, query: {} });
  const back = new URL(await approve(String(args[0])));
  return authenticate(strategy, {
    method: 'GET',
    headers: {},
    session,
    query: Object.fromEntries(back.searchParams),
  });
}

describe('A login over the network', () => {
  it('works over IPv6', async () => {
    const sandbox = await createSandbox({ host: '::1' });
    try {
      expect(sandbox.endpoints.apiURL).to.match(/^http:\/\/\[::1\]:\d+$/);
      const options = { ...sandbox.app, ...sandbox.endpoints, callbackURL: 'http://[::1]:3000/callback' };
      const outcome = await login(options, (url) => sandbox.approve(url));
      expect(outcome.kind).to.equal('success');
    } finally {
      await sandbox.close();
    }
  });

  it('trusts the certificate authority of the option agent, and otherwise fails with the reason', async () => {
    const { sandbox, apiURL, close } = await startSecureSandbox();
    const agent = new Agent({ keepAlive: true, ca: cert });
    try {
      const { authorizationURL } = sandbox.endpoints;
      const options = { ...sandbox.app, authorizationURL, apiURL, callbackURL: 'https://app.example.com/callback' };
      const outcome = await login({ ...options, agent }, (url) => sandbox.approve(url));
      expect(outcome.kind).to.equal('success');
      const { clientID, clientSecret } = sandbox.app;
      const plain = new CriteoClient({ clientID, clientSecret, apiURL });
      const error = await rejection(plain.clientCredentials(), CriteoTransportError);
      expect(error.code).to.equal('connection_failed');
      expect(error.retryable).to.equal(false);
      expect(error.message).to.contain('DEPTH_ZERO_SELF_SIGNED_CERT');
    } finally {
      agent.destroy();
      await close();
    }
  });
});
