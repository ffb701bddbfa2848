import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { CriteoClient } from 'passport-criteo';
import { cert } from '../support/certificate';
import { type ConnectProxy, startConnectProxy } from '../support/connect-proxy';
import { rejection } from '../support/errors';
import { type SecureSandbox, startSecureSandbox } from '../support/secure-sandbox';
import { Project } from './support/project';

type Registered = ConstructorParameters<typeof CriteoClient>[0];
/** What the example exports. */
interface Agents {
  viaProxy(registered: Registered, proxy: string): CriteoClient;
  withOwnCA(registered: Registered, file: string): CriteoClient;
  viaInspectingProxy(registered: Registered, proxy: string, file: string): CriteoClient;
}

describe('https-proxy-agent, private certificate authorities', () => {
  let agents: Agents;
  let authority: string;
  before(async () => {
    const project = await Project.install('example/network');
    authority = join(project.path, 'authority.pem');
    await writeFile(authority, cert);
    agents = (await import(join(project.path, 'agents.js'))) as Agents;
  });

  let criteo: SecureSandbox;
  let proxy: ConnectProxy;
  let registered: Registered;
  beforeEach(async () => {
    criteo = await startSecureSandbox();
    proxy = await startConnectProxy();
    registered = { ...criteo.sandbox.app, apiURL: criteo.apiURL };
  });
  afterEach(() => Promise.all([criteo.close(), proxy.close()]));

  /** The code of the connection error beneath what a token request fails with; nothing where it succeeds. */
  const failure = (client: CriteoClient): Promise<unknown> =>
    client.clientCredentials().then(
      () => undefined,
      (error: { code: string; cause?: { code?: string } }) => `${error.code}: ${error.cause?.code}`,
    );

  it('reach Criteo through the proxy, in one tunnel that is kept', async () => {
    const client = agents.viaInspectingProxy(registered, proxy.url, authority);
    expect((await client.clientCredentials()).accessToken).to.be.a('string');
    await client.clientCredentials();
    expect(proxy.tunnels).to.deep.equal([new URL(criteo.apiURL).host]);
    expect(criteo.sandbox.requests.map(({ status }) => status)).to.deep.equal([200, 200]);
  });

  it('trust no other authority through the proxy', async () => {
    const client = agents.viaProxy(registered, proxy.url);
    expect(await failure(client)).to.equal('connection_failed: DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(criteo.sandbox.requests).to.deep.equal([]);
  });

  it('fail, and send nothing, where the proxy wants other credentials', async () => {
    const client = agents.viaInspectingProxy(registered, proxy.url.replace('secret', 'wrong'), authority);
    const error = await rejection(client.clientCredentials(), Error);
    expect(error.message).to.match(/407/);
    expect(proxy.refused()).to.equal(1);
    expect(criteo.sandbox.requests).to.deep.equal([]);
  });

  it('trust the company’s own authority without a proxy', async () => {
    expect(await failure(agents.withOwnCA(registered, authority))).to.equal(undefined);
    expect(criteo.sandbox.requests).to.have.length(1);
  });
});
