import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { CriteoClient, TokenSource } from 'passport-criteo';
import type { Sandbox, SandboxOptions } from 'passport-criteo/sandbox';
import { Project } from './project';

/** What `connected` of the example returns: a connection at a sandbox. */
export interface Connection {
  sandbox: Sandbox;
  tokens: TokenSource;
  userId: string;
  apiURL: string;
  signal: AbortSignal;
}

/** The example with the API clients, installed and compiled. */
export class APIExample {
  readonly #project: Project;

  private constructor(project: Project) {
    this.#project = project;
  }

  static async install(changes: { dependencies?: Record<string, string> } = {}): Promise<APIExample> {
    const project = await Project.install('example/api', changes);
    await project.bin('tsc');
    return new APIExample(project);
  }

  get project(): Project {
    return this.#project;
  }

  /** Returns what a file of the example exports. */
  load<T>(file: string): Promise<T> {
    return import(join(this.#project.path, 'build', file)) as Promise<T>;
  }

  /** Returns a connection at a new sandbox. */
  async connected(app: SandboxOptions['app'] = {}): Promise<Connection> {
    type Connect = { connected(app: SandboxOptions['app']): Promise<Connection> };
    return (await this.load<Connect>('connected.js')).connected(app);
  }

  /** Returns the `fetch` of a connection at another API. */
  async fetcher(apiURL: string): Promise<typeof fetch> {
    const path = join(this.#project.path, 'node_modules/passport-criteo/dist/index.js');
    type Package = { CriteoClient: typeof CriteoClient; TokenSource: typeof TokenSource };
    const { CriteoClient: Client, TokenSource: Source } = (await import(path)) as Package;
    const tokens = new Source({ client: new Client({ clientID: 'id', clientSecret: 'secret', apiURL }) });
    const times = { obtainedAt: Date.now(), expiresAt: Date.now() + 900_000 };
    await tokens.save('user-1', { accessToken: 'first', tokenType: 'Bearer', refreshToken: 'refresh', ...times });
    return tokens.fetcher('user-1');
  }
}

let installed: Promise<APIExample> | undefined;

/** The example as it is, installed once a run. */
export function apiExample(): Promise<APIExample> {
  installed ??= APIExample.install();
  return installed;
}

/** The requests to Criteo's API, without those for a token. */
export function apiRequests({ sandbox }: Connection) {
  return sandbox.requests.filter(({ endpoint }) => endpoint === 'api');
}

/** Starts servers that end with the test. */
export function serverOpener(): (listener: RequestListener) => Promise<string> {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });
  return async (listener) => {
    const server = createServer(listener).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
}
