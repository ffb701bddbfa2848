import { once } from 'node:events';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { createSandbox, type Sandbox } from '../../lib/sandbox';
import { cert, key } from './certificate';
import { forward } from './proxy';

/** A sandbox with https. It uses the certificate of the tests, which this machine does not trust. */
export interface SecureSandbox {
  sandbox: Sandbox;
  /** The URL of its API. */
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
