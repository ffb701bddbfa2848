import type http from 'node:http';
import { createConsole } from './console/console';
import { createControlAPI } from './control/control-api';
import { handleAPIRequest } from './endpoints/api-endpoint';
import { checkRedirectURI } from './endpoints/authorization-request';
import { ConsentEndpoint } from './endpoints/consent-endpoint';
import { identifyApp } from './endpoints/identify-app';
import { handleTokenRequest } from './endpoints/token-endpoint';
import { checkVariants, readAppOptions, readOptions, readUserOptions } from './options';
import { createServer, listen } from './server';
import type {
  AppChoice,
  Credentials,
  Fault,
  FaultHandle,
  GrantedConsent,
  GrantOptions,
  PendingFault,
  RequestFilter,
  Revocation,
  Sandbox,
  SandboxApp,
  SandboxAppOptions,
  SandboxConsent,
  SandboxOptions,
  SandboxRequest,
  SandboxUser,
  SandboxUserOptions,
} from './types';
import type { Variants } from './variants';
import { visit } from './visitor';
import type { App } from './world/apps';
import { grantDirectly } from './world/direct-grant';
import { shownConsent } from './world/grants';
import type { Settings } from './world/settings';
import { World } from './world/world';

/**
 * Starts a local stand-in for Criteo, for development and tests: the consent page, the token endpoint, `advertisers/me`
 * and `retail-media/accounts`. It is strict: what Criteo refuses, it refuses.
 * @throws TypeError naming the option that is wrong
 * @throws Error if the port cannot be listened on
 */
export async function createSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = new LocalSandbox(readOptions(options));
  await sandbox.listen();
  return sandbox;
}

// Fields with secrets are private and read through getters: inspecting or serialising a sandbox shows its address only.
class LocalSandbox implements Sandbox {
  url = '';
  readonly #world: World;
  readonly #consents: ConsentEndpoint;
  readonly #closed = new AbortController();
  readonly #server: http.Server;
  #localURL = '';
  #connections = 0;
  #closing: Promise<void> | undefined;

  constructor(settings: Settings) {
    const world = new World(settings);
    const closed = this.#closed.signal;
    const consents = new ConsentEndpoint(world, closed);
    const control = createControlAPI(this);
    const pages = createConsole(this, world);
    this.#world = world;
    this.#consents = consents;
    this.#server = createServer({
      world,
      closed,
      appOf: (endpoint, request) => identifyApp(world, consents, endpoint, request),
      endpoints: {
        token: (request, fault) => handleTokenRequest(world, request, fault),
        consent: (request) => consents.handle(request),
        api: (request) => handleAPIRequest(world, request),
      },
      own: (request) => (request.path.startsWith('/sandbox/api') ? control(request) : pages(request)),
      onConnection: () => {
        this.#connections += 1;
      },
    });
  }

  async listen(): Promise<void> {
    const { port, host, publicURL } = this.#world.settings;
    this.#localURL = await listen(this.#server, host, port);
    this.url = publicURL ?? this.#localURL;
    this.#world.url = this.url;
  }

  get endpoints() {
    return { authorizationURL: `${this.url}/request`, tokenURL: `${this.url}/oauth2/token`, apiURL: this.url };
  }

  get app(): Credentials {
    return { ...this.#world.apps.first.credentials };
  }

  get apps(): readonly SandboxApp[] {
    return this.#world.apps.all.map(shownApp);
  }

  get users(): readonly SandboxUser[] {
    return [...this.#world.users.all];
  }

  get consents(): readonly SandboxConsent[] {
    return this.#world.grants.consents().map(shownConsent);
  }

  get faults(): readonly PendingFault[] {
    return this.#world.faults.all();
  }

  get variants(): Variants {
    return this.#world.switches.all();
  }

  get now(): number {
    return this.#world.clock.now();
  }

  get requests(): readonly SandboxRequest[] {
    return this.#world.log.entries();
  }

  get connections(): number {
    return this.#connections;
  }

  // Async, so that a wrong user is a rejection and not a throw.
  async approve(
    consentURL: string | URL,
    { advertisers, user }: { advertisers?: readonly string[] | undefined; user?: string | undefined } = {},
  ): Promise<string> {
    return visit(this.#door(), consentURL, {
      decision: 'approve',
      ids: advertisers,
      user: this.#userID('approve', user),
    });
  }

  async deny(consentURL: string | URL, { user }: { user?: string | undefined } = {}): Promise<string> {
    return visit(this.#door(), consentURL, { decision: 'deny', user: this.#userID('deny', user) });
  }

  advance(milliseconds: number, choice?: AppChoice): void {
    (this.#chosen('advance', choice) ?? this.#world).clock.advance(milliseconds);
  }

  setTime(time: number | Date, choice?: AppChoice): void {
    (this.#chosen('setTime', choice) ?? this.#world).clock.set(time instanceof Date ? time.getTime() : time);
  }

  fault(fault: Fault): FaultHandle {
    return this.#world.addFault(fault, 'sandbox.fault');
  }

  clearFaults(choice?: AppChoice): void {
    this.#world.faults.clear(this.#chosen('clearFaults', choice)?.clientID);
  }

  setVariants(changes: Partial<Variants>, choice?: AppChoice): void {
    checkVariants(changes, 'sandbox.setVariants');
    (this.#chosen('setVariants', choice) ?? this.#world).switches.set(changes);
  }

  addApp(options: SandboxAppOptions = {}): SandboxApp {
    return shownApp(named('sandbox.addApp', () => this.#world.apps.add(readAppOptions(options, 'sandbox.addApp'))));
  }

  removeApp(clientID: string): void {
    const app = named('sandbox.removeApp', () => this.#world.apps.get(clientID));
    if (app === this.#world.apps.first) throw new TypeError('sandbox.removeApp: the first app cannot be removed');
    this.#consents.forget({ app });
    this.#world.removeApp(app);
  }

  addUser(options: SandboxUserOptions): SandboxUser {
    return named('sandbox.addUser', () => this.#world.users.add(readUserOptions(options, 'sandbox.addUser')));
  }

  removeUser(id: string): void {
    const { users, grants } = this.#world;
    const user = named('sandbox.removeUser', () => users.get(id));
    if (users.all.length === 1) throw new TypeError('sandbox.removeUser: the last user cannot be removed');
    users.remove(user);
    this.#consents.forget({ user });
    grants.forget({ user });
  }

  grant(options: GrantOptions = {}): GrantedConsent {
    return named('sandbox.grant', () => grantDirectly(this.#world, options));
  }

  async revoke(
    consentID?: string,
    { app: clientID, how = 'dashboard' }: AppChoice & { how?: Revocation | undefined } = {},
  ): Promise<void> {
    const { grants } = this.#world;
    const app = this.#chosen('revoke', { app: clientID });
    const meant = consentID === undefined ? grants.consents(app) : [grants.findConsent(consentID)];
    for (const consent of meant) {
      if (!consent) throw new Error(`sandbox.revoke: there is no consent ${consentID}`);
      grants.revoke(consent, how);
    }
  }

  portalLink({
    app: clientID,
    redirectURI,
    state,
  }: AppChoice & { redirectURI?: string | undefined; state?: string | undefined } = {}): string {
    const app = this.#chosen('portalLink', { app: clientID }) ?? this.#world.apps.first;
    if (redirectURI !== undefined) checkRedirectURI('redirectURI', redirectURI, app);
    const { nonce, hmac } = this.#world.links.create(app, redirectURI ?? `${this.url}/`, state);
    return `${this.url}/request?nonce=${nonce}&hmac=${hmac}`;
  }

  async waitForRequest(
    filter: RequestFilter = {},
    { timeout = 5_000, signal }: { timeout?: number | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<SandboxRequest> {
    const closed = this.#closed.signal;
    const signals = signal ? [closed, signal] : [closed];
    const found = await this.#world.log.wait(this.#world.withFirstID(filter), timeout, signals);
    if (!found) {
      const why = closed.aborted ? 'the sandbox was closed' : `none came within ${timeout} ms`;
      throw new Error(`sandbox.waitForRequest: no request fits ${JSON.stringify(filter)}: ${why}`);
    }
    return found;
  }

  onExchange(listener: (request: SandboxRequest) => void): () => void {
    return this.#world.log.listen(listener);
  }

  clearRequests(choice?: AppChoice): void {
    this.#world.log.clear(this.#chosen('clearRequests', choice)?.clientID);
  }

  reset(choice?: AppChoice): void {
    const app = this.#chosen('reset', choice);
    this.#consents.forget({ app });
    if (app) this.#world.resetApp(app);
    else this.#world.reset();
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#closed.abort();
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    return this.#closing;
  }

  #chosen(method: string, { app }: AppChoice = {}): App | undefined {
    return app === undefined ? undefined : named(`sandbox.${method}`, () => this.#world.apps.get(app));
  }

  #userID(method: string, user: string | undefined): string | undefined {
    return user === undefined ? undefined : named(`sandbox.${method}`, () => this.#world.users.get(user)).id;
  }

  #door() {
    return {
      url: this.#localURL,
      publicURL: this.url,
      onConnection: () => {
        this.#connections -= 1;
      },
    };
  }
}

function shownApp(app: App): SandboxApp {
  const { clientID, name, service, pkce, redirectURIs, callbackURL, credentials, keys, switches, clock } = app;
  const shown = { clientID, name, service, pkce, redirectURIs, callbackURL };
  const secrets = { credentials: { ...credentials }, keys: keys.map((pair) => ({ ...pair })) };
  return { ...shown, ...secrets, variants: switches.all(), now: clock.now() };
}

/** Names the method in an error about its arguments. */
function named<T>(method: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TypeError && !error.message.startsWith('sandbox.'))
      error.message = `${method}: ${error.message}`;
    throw error;
  }
}
