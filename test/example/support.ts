import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Service } from 'passport-criteo';
import { createSandbox, type Sandbox, type SandboxOptions } from 'passport-criteo/sandbox';
import { createApp } from '../../example/app';

/** The running example on a free port, with a sandbox instead of Criteo. */
export interface RunningExample {
  /** The example's origin. */
  url: string;
  sandbox: Sandbox;
  /** The lines that the example logged. */
  log: string[];
  /** Called for each request of the callback, before the example gets it. */
  onCallback: () => void;
  /** Returns the number of requests to the token endpoint, in total or for one grant. */
  tokenRequests(grant?: string): number;
  close(): Promise<void>;
}

export async function startExample(
  options: {
    criteo?: { callbackURL?: string; service?: Service; pkce?: boolean; timeout?: number };
    sandbox?: SandboxOptions;
    /** `'none'` starts the example without the connector's key pair. */
    signing?: 'none';
    /** If true, the example does not know of the sandbox, as with the real Criteo. */
    real?: boolean;
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
    sandbox: options.real ? undefined : sandbox,
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
