import type { Variants } from '../variants';
import type {
  AppChoice,
  Credentials,
  SandboxApp,
  SandboxAppOptions,
  SandboxUser,
  SandboxUserOptions,
} from './apps-and-users';
import type { GrantedConsent, GrantOptions, Revocation, SandboxConsent } from './consents';
import type { Fault, FaultHandle, PendingFault } from './faults';
import type { RequestFilter, SandboxRequest } from './requests';

/** A local stand-in for consent.criteo.com and api.criteo.com. */
export interface Sandbox {
  /** Where it is reached, without a trailing slash. The console is there: a page for developers. */
  readonly url: string;
  /** Ready to be spread into the options of the strategy. */
  readonly endpoints: { readonly authorizationURL: string; readonly tokenURL: string; readonly apiURL: string };
  /** The credentials of the first app. */
  readonly app: Credentials;
  /** Every registered app. */
  readonly apps: readonly SandboxApp[];
  /** Every user. */
  readonly users: readonly SandboxUser[];
  /** Every consent, newest first. */
  readonly consents: readonly SandboxConsent[];
  /** The faults that are still to come. */
  readonly faults: readonly PendingFault[];
  /** The variants that are on. */
  readonly variants: Variants;
  /** The sandbox's time in milliseconds since the epoch. */
  readonly now: number;
  /**
   * What was received (and, for consent callbacks, sent), oldest first: the last 5,000 requests, or as many as fit into
   * 8 million characters. A copy, with secrets as they came. The console and the HTTP API are left out.
   */
  readonly requests: readonly SandboxRequest[];
  /** TCP connections accepted so far, without those of {@link approve} and {@link deny}. */
  readonly connections: number;

  /**
   * Does over HTTP what a user does who ticks advertisers and approves: loads the consent page, sends its form.
   * @param choice.advertisers ids of the advertisers (accounts) to tick; default: all
   * @param choice.user id or name of the user; default: the first one
   * @returns the URL that the user is sent back to; it is not opened
   * @throws TypeError if the URL is not one of this sandbox's consent URLs, or an id is not on the page
   * @throws Error with the reason on the page, if there is an error page instead
   */
  approve(
    consentURL: string | URL,
    choice?: { advertisers?: readonly string[] | undefined; user?: string | undefined },
  ): Promise<string>;
  /** Like {@link approve}, for a user who denies. */
  deny(consentURL: string | URL, choice?: { user?: string | undefined }): Promise<string>;
  /** Moves the clock by so many milliseconds, back if negative; for all apps or for one. No timer is involved. */
  advance(milliseconds: number, choice?: AppChoice): void;
  /** Sets the clock; it runs on from there. For all apps or for one. */
  setTime(time: number | Date, choice?: AppChoice): void;
  /** Makes something go wrong. Faults are taken in the order they were added, one for each request. */
  fault(fault: Fault): FaultHandle;
  /** Clears all faults, or those of one app. */
  clearFaults(choice?: AppChoice): void;
  /** Changes how undocumented facts turn out, for all apps or for one. */
  setVariants(changes: Partial<Variants>, choice?: AppChoice): void;
  /** Registers one more app, for example one for each test worker. */
  addApp(options?: SandboxAppOptions): SandboxApp;
  /** Removes an app with its consents and tokens. The first app stays. */
  removeApp(clientID: string): void;
  /** Adds a user. */
  addUser(options: SandboxUserOptions): SandboxUser;
  /** Removes a user with their consents. One user has to stay. */
  removeUser(id: string): void;
  /**
   * Gives consent without a browser. The kind `login` comes with tokens, as after a login; `portal link` (the default)
   * lets the app's client-credentials tokens see what is shared. No consent callback is delivered.
   */
  grant(consent?: GrantOptions): GrantedConsent;
  /**
   * Revokes one consent, or all.
   * @param consentID from {@link consents}; default: all (of the app, if one is given)
   * @param choice.how default: `'dashboard'`
   */
  revoke(consentID?: string, choice?: AppChoice & { how?: Revocation | undefined }): Promise<void>;
  /**
   * Makes a consent link as Criteo's portal makes them (`nonce` and `hmac`): lives 30 days, works once.
   * @param link.redirectURI where the user goes afterwards; default: a page of the sandbox
   */
  portalLink(link?: AppChoice & { redirectURI?: string | undefined; state?: string | undefined }): string;
  /**
   * Waits for a request that fits and is finished. Requests of the past count, too; `after` leaves them out.
   * @param options.timeout milliseconds; default: 5_000
   * @param options.signal ends the wait early
   * @throws Error if none came in time, or the sandbox was closed
   */
  waitForRequest(
    filter?: RequestFilter,
    options?: { timeout?: number | undefined; signal?: AbortSignal | undefined },
  ): Promise<SandboxRequest>;
  /** Calls the listener after every exchange and every delivery attempt. Returns a function that ends this. */
  onExchange(listener: (request: SandboxRequest) => void): () => void;
  /** Forgets the requests that were received so far, of all apps or of one. */
  clearRequests(choice?: AppChoice): void;
  /**
   * Goes back to the start: no consents, codes, tokens, requests; the faults, variants, apps, users and the clock as
   * the options have them. Credentials stay. With `app`: only what belongs to that app.
   */
  reset(choice?: AppChoice): void;
  /** Stops listening and ends every connection. Can be called again. */
  close(): Promise<void>;
}
