import type { ExchangeFault, Fault, FaultHandle } from '../types';
import { type App, Apps } from './apps';
import { Clock } from './clock';
import { ConsentLinks } from './consent-links';
import { Faults } from './faults';
import { Grants } from './grants';
import { RateLimits } from './rate-limits';
import { RequestLog } from './request-log';
import type { Settings } from './settings';
import { Switches } from './switches';
import { Users } from './users';

/** The state of the world as the sandbox plays it: what Criteo would keep, and what the developer has changed. */
export class World {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly switches: Switches;
  readonly grants = new Grants();
  readonly links: ConsentLinks;
  readonly faults = new Faults();
  readonly limits = new RateLimits();
  readonly log = new RequestLog();
  readonly apps: Apps;
  users: Users;
  /** Where the sandbox is reached; known once it listens. */
  url = '';
  readonly #original: readonly App[];

  constructor(settings: Settings) {
    this.settings = settings;
    this.clock = new Clock(settings.now);
    this.switches = new Switches(settings.variants);
    this.links = new ConsentLinks(settings.seed);
    this.apps = new Apps({ seed: settings.seed, clock: this.clock, switches: this.switches });
    for (const app of settings.apps) this.apps.add(app);
    this.#original = [...this.apps.all];
    this.users = this.#makeUsers();
    this.#addFaults();
  }

  /**
   * @param caller whom error messages name
   * @throws TypeError naming the field
   */
  addFault(fault: Fault, caller: string): FaultHandle {
    const { app, match } = Object(fault) as ExchangeFault;
    for (const clientID of [app, match?.app]) {
      if (clientID === undefined || this.apps.find(clientID)) continue;
      throw new TypeError(`${caller}: there is no app with the client id ${clientID}`);
    }
    return this.faults.add({ ...this.withFirstID(fault), ...(match && { match: this.withFirstID(match) }) }, caller);
  }

  /** Returns the filter with the first client id of its app: requests are listed under that one. */
  withFirstID<Filter extends { app?: string | undefined }>(filter: Filter): Filter {
    const app = filter?.app === undefined ? undefined : this.apps.find(filter.app);
    return app ? { ...filter, app: app.clientID } : filter;
  }

  removeApp(app: App): void {
    this.resetApp(app);
    this.apps.remove(app);
  }

  /** Goes back to the start. Apps and users that were added are gone, those that were removed are back. */
  reset(): void {
    this.clock.reset();
    this.switches.reset();
    this.grants.forget();
    this.links.forget();
    this.limits.forget();
    this.log.clear();
    this.faults.clear();
    this.apps.restore(this.#original);
    for (const app of this.#original) this.resetApp(app);
    this.users = this.#makeUsers();
    this.#addFaults();
  }

  /** Forgets what belongs to one app only. */
  resetApp(app: App): void {
    app.clock.reset();
    app.switches.reset();
    app.lastRedirectURI = undefined;
    this.grants.forget({ app });
    this.links.forget(app);
    this.limits.forget(app);
    this.log.clear(app.clientID);
    this.faults.clear(app.clientID);
  }

  #addFaults(): void {
    for (const [index, fault] of this.settings.faults.entries()) {
      this.addFault(fault, `createSandbox, \`faults[${index}]\``);
    }
  }

  #makeUsers(): Users {
    const users = new Users();
    for (const user of this.settings.users) users.add(user);
    return users;
  }
}
