import type { Credentials, KeyPair, Service } from '../types';
import { Clock } from './clock';
import { createCredentials, createRandom, type Random } from './random';
import type { AppSettings } from './settings';
import { Switches } from './switches';

/** A registered app. Its clock and its switches follow those of the sandbox until they are moved themselves. */
export class App {
  readonly name: string;
  readonly service: Service;
  readonly pkce: boolean;
  readonly redirectURIs: readonly string[] | undefined;
  readonly callbackURL: string | undefined;
  readonly credentials: Credentials;
  readonly keys: readonly KeyPair[];
  readonly clock: Clock;
  readonly switches: Switches;
  /** Makes codes, tokens and ids. */
  readonly random: Random;
  /** Where users were last sent back to: the way back to the app from the sandbox's pages. */
  lastRedirectURI: string | undefined;

  constructor(settings: AppSettings & { readonly name: string }, surroundings: AppSurroundings) {
    const { seed, clock, switches, place } = surroundings;
    this.name = settings.name;
    this.service = settings.service;
    this.pkce = settings.pkce;
    this.redirectURIs = settings.redirectURIs;
    this.callbackURL = settings.callbackURL;
    const { clientID, clientSecret, signingKey, signingSecret } = createCredentials(
      createRandom(seed, `credentials ${place} ${settings.name}`),
    );
    this.keys = settings.keys?.map((pair) => ({ ...pair })) ?? [{ clientID, clientSecret }];
    const [first = { clientID, clientSecret }] = this.keys;
    this.credentials = {
      ...first,
      signingKey: settings.signing?.key ?? signingKey,
      signingSecret: settings.signing?.secret ?? signingSecret,
    };
    this.clock = new Clock(() => clock.now());
    this.switches = new Switches({}, switches);
    this.random = createRandom(seed, `tokens ${first.clientID}`);
  }

  get clientID(): string {
    return this.credentials.clientID;
  }
}

/** What the sandbox gives to each of its apps. */
export interface AppSurroundings {
  readonly seed: string | number | undefined;
  readonly clock: Clock;
  readonly switches: Switches;
  /** The number of the app: apps of the same name get different credentials. */
  readonly place: number;
}

/** More apps than a team registers; a limit because the HTTP API can add them. */
const mostApps = 1_000;

/** The apps that are registered with the sandbox. */
export class Apps {
  readonly #surroundings: Omit<AppSurroundings, 'place'>;
  #apps: App[] = [];
  readonly #byClientID = new Map<string, App>();

  constructor(surroundings: Omit<AppSurroundings, 'place'>) {
    this.#surroundings = surroundings;
  }

  /** @throws TypeError if a key is taken, or there are too many apps */
  add(settings: AppSettings): App {
    if (this.#apps.length >= mostApps) throw new TypeError(`sandbox.addApp: there are ${mostApps} apps already`);
    const name = settings.name ?? this.#freeName();
    const place = this.#apps.filter((other) => other.name === name).length;
    const app = new App({ ...settings, name }, { ...this.#surroundings, place });
    for (const { clientID } of app.keys) {
      if (this.#byClientID.has(clientID)) throw new TypeError(`the client id ${clientID} is taken by another app`);
    }
    if (this.bySigningKey(app.credentials.signingKey)) {
      throw new TypeError(`the signing key ${app.credentials.signingKey} is taken by another app`);
    }
    if (new Set(app.keys.map(({ clientID }) => clientID)).size < app.keys.length) {
      throw new TypeError('the key pairs of an app need different client ids');
    }
    this.#apps.push(app);
    for (const { clientID } of app.keys) this.#byClientID.set(clientID, app);
    return app;
  }

  remove(app: App): void {
    this.#apps = this.#apps.filter((other) => other !== app);
    for (const { clientID } of app.keys) this.#byClientID.delete(clientID);
  }

  /** Puts back exactly these apps, in this order. */
  restore(apps: readonly App[]): void {
    this.#apps = [...apps];
    this.#byClientID.clear();
    for (const app of apps) for (const { clientID } of app.keys) this.#byClientID.set(clientID, app);
  }

  get all(): readonly App[] {
    return this.#apps;
  }

  /** The first app: there is always one. */
  get first(): App {
    const [first] = this.#apps;
    if (!first) throw new Error('The sandbox has no app');
    return first;
  }

  /** Finds an app by any of its client ids. */
  find(clientID: string): App | undefined {
    return this.#byClientID.get(clientID);
  }

  /** @throws TypeError naming the client id */
  get(clientID: string): App {
    const app = this.find(clientID);
    if (!app) throw new TypeError(`there is no app with the client id ${clientID}`);
    return app;
  }

  bySigningKey(key: string): App | undefined {
    return this.#apps.find(({ credentials }) => credentials.signingKey === key);
  }

  #freeName(): string {
    for (let number = 1; ; number += 1) {
      const name = number === 1 ? 'Test app' : `Test app ${number}`;
      if (!this.#apps.some((app) => app.name === name)) return name;
    }
  }
}
