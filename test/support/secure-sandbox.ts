import { once } from 'node:events';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { createSandbox, type Sandbox } from '../../lib/sandbox';
import { cert, key } from './certificate';
import { forward } from './proxy';

/** A sandbox behind https, with the certificate of the tests, which nothing on this machine trusts. */
export interface SecureSandbox {
  sandbox: Sandbox;
  /** Where its API is. */
  apiURL: string;
  close(): Promise<void>;
}

export async function startSecureSandbox(): Promise<SecureSandbox> {
  const sandbox = await createSandbox();
  const port = Number(new URL(sandbox.url).port);
  const server = https.createServer(
    { key, cert },
    forward(() => port),
  );
  server.on('tlsClientError', () => {});
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return {
    sandbox,
    apiURL: `https://localhost:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await Promise.all([once(server, 'close'), sandbox.close()]);
    },
  };
}
