import type { Fault, KeyPair, SandboxUserOptions, Service } from '../types';
import type { Variants } from '../variants';

/** The options, checked, with every default filled in. */
export interface Settings {
  readonly port: number;
  readonly host: string;
  readonly publicURL: string | undefined;
  readonly seed: string | number | undefined;
  readonly now: () => number;
  readonly apps: readonly AppSettings[];
  readonly users: readonly SandboxUserOptions[];
  readonly variants: Partial<Variants>;
  readonly faults: readonly Fault[];
  readonly rateLimit: boolean;
  readonly decommissioned: ReadonlySet<string>;
  readonly consentURLMaxAge: number;
  readonly callbackTimeout: number;
}

/** How an app is registered, checked, with every default that does not need to be made up. */
export interface AppSettings {
  readonly name: string | undefined;
  readonly service: Service;
  readonly pkce: boolean;
  readonly redirectURIs: readonly string[] | undefined;
  readonly callbackURL: string | undefined;
  readonly keys: readonly KeyPair[] | undefined;
  readonly signing: { readonly key: string; readonly secret: string } | undefined;
}
