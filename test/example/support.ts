import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Service } from 'passport-criteo';
import { createSandbox, type Sandbox, type SandboxOptions } from 'passport-criteo/sandbox';
import { createApp } from '../../example/app';

/** The example, running on a port of its own, with a sandbox in Criteo's place. */
export interface RunningExample {
  /** Origin of the example. */
  url: string;
  sandbox: Sandbox;
  /** What the example logged. */
  log: string[];
  /** Called when Criteo has sent somebody back, before the example sees it. */
  onCallback: () => void;
  /** How often the token endpoint was asked, in all or for one grant. */
  tokenRequests(grant?: string): number;
  close(): Promise<void>;
}

export async function startExample(
  options: {
    criteo?: { callbackURL?: string; service?: Service; pkce?: boolean; timeout?: number };
    sandbox?: SandboxOptions;
    /** `'none'`: the example is started without the connector's key pair. */
    signing?: 'none';
  } = {},
): Promise<RunningExample> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const sandbox = await createSandbox({
    portfolio: [
      { id: '13', name: 'Alpine Outfitters' },
      { id: '1352', name: 'Bakery & <b>Sons</b>' },
      { id: '20481', name: 'Casa Verde' },
      { id: '33071', name: 'Delta Bikes' },
      { id: '9007199254740993', name: null },
    ],
    ...options.sandbox,
    app: { callbackURL: `${url}/criteo-consent`, ...options.sandbox?.app },
  });
  const log: string[] = [];
  const app = createApp({
    criteo: { ...sandbox.app, ...sandbox.endpoints, callbackURL: `${url}/criteo-auth/callback`, ...options.criteo },
    signing:
      options.signing === 'none' ? undefined : { key: sandbox.app.signingKey, secret: sandbox.app.signingSecret },
    sessionSecret: 'only for tests',
    sandbox: sandbox.url,
    log: (line) => log.push(line),
  });
  const example: RunningExample = {
    url,
    sandbox,
    log,
    onCallback: () => {},
    tokenRequests: (grant) =>
      sandbox.requests.filter(({ path, form }) => path === '/oauth2/token' && (!grant || form['grant_type'] === grant))
        .length,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([closed, sandbox.close()]);
    },
  };
  server.on('request', (req, res) => {
    if (req.url?.startsWith('/criteo-auth/callback')) example.onCallback();
    app(req, res);
  });
  return example;
}
