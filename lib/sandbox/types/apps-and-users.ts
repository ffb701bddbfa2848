import type { Variants } from '../variants';

/** What Criteo calls its two products with an API of advertisers or accounts. */
export type Service = 'marketing-solutions' | 'retail-media';

/** How an app is registered. */
export interface SandboxAppOptions {
  /** Shown on the consent page and in the console. @default 'Test app', then 'Test app 2' and so on */
  name?: string | undefined;
  /** The app's PKCE switch. If true, a consent request without an S256 challenge fails. @default false */
  pkce?: boolean | undefined;
  /** What the app is for, and so what users share with it. @default 'marketing-solutions' */
  service?: Service | undefined;
  /** The registered redirect URIs, compared as exact text. @default any https URL, and any http URL on a loopback host */
  redirectURIs?: readonly string[] | undefined;
  /** The connector's callback URL: decisions on consent links are delivered there. @default none: nothing is delivered */
  callbackURL?: string | undefined;
  /** The key pairs of the app, one to five. The first one is its credentials. @default one, made up */
  keys?: readonly KeyPair[] | undefined;
  /** The connector's key pair, which signs consent URLs. @default made up */
  signing?: { readonly key: string; readonly secret: string } | undefined;
}

/** A key pair of an app. */
export interface KeyPair {
  readonly clientID: string;
  readonly clientSecret: string;
}

/** What the Partners Portal gives out for an app and its connector. */
export interface Credentials extends KeyPair {
  /** Public: the `key` of signed consent URLs. */
  readonly signingKey: string;
  readonly signingSecret: string;
}

/** An app that is registered with the sandbox. */
export interface SandboxApp {
  /** The first client id; names the app wherever a method has the option `app`. */
  readonly clientID: string;
  readonly name: string;
  readonly service: Service;
  readonly pkce: boolean;
  /** Undefined: any https URL, and any http URL on a loopback host. */
  readonly redirectURIs: readonly string[] | undefined;
  readonly callbackURL: string | undefined;
  /** The first key pair and the connector's key pair, ready to be spread into the options of the strategy. */
  readonly credentials: Credentials;
  /** All key pairs. */
  readonly keys: readonly KeyPair[];
  /** The variants that are on for this app. */
  readonly variants: Variants;
  /** The app's time in milliseconds since the epoch: that of the sandbox, unless it was moved for this app. */
  readonly now: number;
}

/** How a user is made. */
export interface SandboxUserOptions {
  /** Letters, digits, dots, hyphens and underscores. @default 'user-1', 'user-2' and so on */
  id?: string | undefined;
  name: string;
  /** The advertisers that the user can share: how many, or which. @default 5 */
  advertisers?: number | readonly Holding[] | undefined;
  /** The Retail Media accounts that the user can share: how many, or which. @default 5 */
  accounts?: number | readonly Holding[] | undefined;
  /** False for a user whose role at Criteo does not allow consent. @default true */
  mayConsent?: boolean | undefined;
}

/** A user of Criteo. */
export interface SandboxUser {
  readonly id: string;
  readonly name: string;
  readonly advertisers: readonly Holding[];
  readonly accounts: readonly Holding[];
  readonly mayConsent: boolean;
}

/** An advertiser, or a Retail Media account. */
export interface Holding {
  /** A decimal number as text; it may exceed 2^53. */
  readonly id: string;
  /** Criteo's schema allows names to be null. */
  readonly name: string | null;
}

/** Limits a method to one app: without it, all apps are meant. */
export interface AppChoice {
  /** A client id of the app. */
  app?: string | undefined;
}
