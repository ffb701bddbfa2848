import { once } from 'node:events';
import type http from 'node:http';
import { answerAPI, RateLimits } from './api';
import { Clock } from './clock';
import { ConsentPages } from './consent';
import { answerConsole } from './console';
import { deliver } from './deliver';
import { Faults } from './faults';
import { Ledger } from './ledger';
import { Links } from './links';
import { RequestLog } from './log';
import { checkRedirectURI } from './login-request';
import { readOptions, type Settings } from './options';
import { visit } from './person';
import { type Credentials, createCredentials, createRandom } from './random';
import { createServer } from './server';
import { answerToken } from './token';
import type { Fault, FaultHandle, Sandbox, SandboxOptions, SandboxRequest } from './types';

/**
 * Starts a local stand-in for Criteo, for development and tests: the consent page, the token endpoint, `advertisers/me`
 * and `retail-media/accounts`. It is strict: what Criteo refuses, it refuses.
 * @throws TypeError naming the option that is wrong
 * @throws Error if the port cannot be listened on
 */
export async function createSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const settings = readOptions(options);
  const sandbox = new LocalSandbox(settings);
  await sandbox.listen();
  return sandbox;
}

// Fields with secrets are private and read through getters: inspecting or serialising a sandbox shows its address only.
class LocalSandbox implements Sandbox {
  url = '';
  readonly #settings: Settings;
  readonly #app: Credentials;
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #links: Links;
  readonly #faults = new Faults();
  readonly #log: RequestLog;
  readonly #life = new AbortController();
  readonly #server: http.Server;
  #connections = 0;
  #closed: Promise<void> | undefined;

  constructor(settings: Settings) {
    const random = createRandom(settings.seed);
    const app = createCredentials(random);
    const clock = new Clock(settings.now);
    const ledger = new Ledger(clock, random);
    const links = new Links(settings, app, clock, random);
    const log = new RequestLog(clock);
    const faults = this.#faults;
    const life = this.#life.signal;
    const pages = new ConsentPages({
      settings,
      app,
      ledger,
      random,
      links,
      deliver: (request, consent) => deliver({ settings, app, faults, log, life }, request, consent),
    });
    const url = () => this.url;
    const api = { settings, clock, ledger, limits: new RateLimits(clock), url };
    const token = random(24).toString('base64url');
    const context = { url, settings, app, clock, ledger, links, log, token };
    this.#settings = settings;
    this.#app = app;
    this.#clock = clock;
    this.#ledger = ledger;
    this.#links = links;
    this.#log = log;
    this.#server = createServer({
      host: settings.host,
      faults,
      log,
      clock,
      life,
      onConnection: () => {
        this.#connections += 1;
      },
      routes: {
        token: (request, { omitRefreshToken: omit = false, rotateRefreshToken: rotate = false } = { on: 'token' }) =>
          answerToken({ settings, app, ledger }, request, { omit, rotate }),
        consent: (request) => pages.answer(request),
        api: (request) => answerAPI(api, request),
        console: (request) => answerConsole(context, request),
      },
    });
  }

  async listen(): Promise<void> {
    const { port, host } = this.#settings;
    this.#server.listen(port, host);
    try {
      await once(this.#server, 'listening');
    } catch (cause) {
      const taken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
      const why = taken ? 'the port is taken; choose another, or 0 for any free one' : String(cause);
      throw new Error(`createSandbox: cannot listen on \`host\` ${host}, \`port\` ${port}: ${why}`, { cause });
    }
    const address = this.#server.address();
    const actual = typeof address === 'object' && address ? address.port : port;
    const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
    this.url = `http://${name.includes(':') ? `[${name}]` : name}:${actual}`;
  }

  get endpoints() {
    return { authorizationURL: `${this.url}/request`, tokenURL: `${this.url}/oauth2/token`, apiURL: this.url };
  }

  get app(): Credentials {
    return { ...this.#app };
  }

  get now(): number {
    return this.#clock.now();
  }

  get requests(): readonly SandboxRequest[] {
    return this.#log.entries();
  }

  get connections(): number {
    return this.#connections;
  }

  approve(consentURL: string | URL, { advertisers }: { advertisers?: readonly string[] | undefined } = {}) {
    return visit(this.#door(), consentURL, { decision: 'approve', ids: advertisers });
  }

  deny(consentURL: string | URL): Promise<string> {
    return visit(this.#door(), consentURL, { decision: 'deny' });
  }

  advance(milliseconds: number): void {
    this.#clock.advance(milliseconds);
  }

  fault(fault: Fault): FaultHandle {
    return this.#faults.add(fault);
  }

  async revoke(consentID?: string): Promise<void> {
    if (!this.#ledger.revoke(consentID) && consentID !== undefined) {
      throw new Error(`sandbox.revoke: there is no consent ${consentID}`);
    }
  }

  portalLink({ redirectURI, state }: { redirectURI?: string | undefined; state?: string | undefined } = {}): string {
    if (redirectURI !== undefined) checkRedirectURI('redirectURI', redirectURI, this.#settings);
    return `${this.url}/request${this.#links.createPortalLink(redirectURI ?? `${this.url}/`, state)}`;
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#life.abort();
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    return this.#closed;
  }

  #door() {
    return {
      url: this.url,
      onConnection: () => {
        this.#connections -= 1;
      },
    };
  }
}
