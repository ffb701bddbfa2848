import type { Variants } from '../variants';
import type { Holding, SandboxAppOptions, SandboxUserOptions } from './apps-and-users';
import type { Fault } from './faults';

/**
 * Options of a sandbox. Every option has a default. `createSandbox` throws a TypeError that names a wrong option.
 * All of them but `now` and the function `when` of faults can be written as JSON, see `sandboxConfigSchema`.
 */
export interface SandboxOptions {
  /** TCP port to listen on. `0` takes any free one, see {@link Sandbox.url}. @default 0 */
  port?: number | undefined;
  /** Address to listen on. @default '127.0.0.1' */
  host?: string | undefined;
  /**
   * The address under which other machines and containers reach the sandbox, such as `http://criteo-sandbox:4300`.
   * `url` and `endpoints` show it, and requests for its host name are accepted. @default the address it listens on
   */
  publicURL?: string | undefined;
  /** Makes credentials, codes and tokens the same in every run. Use it only in tests. @default random */
  seed?: string | number | undefined;
  /** Returns the time in milliseconds since the epoch. {@link Sandbox.advance} adds to it. @default Date.now */
  now?: (() => number) | undefined;
  /** The first app that is registered with the sandbox: {@link Sandbox.app}. */
  app?: SandboxAppOptions | undefined;
  /** More apps. Without `app`, the first of them is {@link Sandbox.app}. */
  apps?: readonly SandboxAppOptions[] | undefined;
  /** The users who can give consent, see also {@link exampleUsers}. @default one user, with `portfolio` */
  users?: readonly SandboxUserOptions[] | undefined;
  /**
   * What the only user can share, if `users` is not given: how many advertisers and accounts there are (0 to 1000), or
   * which. Criteo pages Retail Media accounts by 25. @default 5
   */
  portfolio?: number | readonly Holding[] | undefined;
  /** How the facts turn out that Criteo does not document, see {@link sandboxVariants}. */
  variants?: Partial<Variants> | undefined;
  /** Faults from the start, see {@link Sandbox.fault}. */
  faults?: readonly Fault[] | undefined;
  /**
   * If true, the documented limits of API calls are enforced (429). If false, the `x-ratelimit-*` headers count, but no
   * call is refused. @default false
   */
  rateLimit?: boolean | undefined;
  /** API versions that respond 410. @default [] (every version that was ever documented works) */
  decommissioned?: readonly string[] | undefined;
  /**
   * How old a signed consent URL may be, in milliseconds. Criteo documents no limit; its own links live for 30 days.
   * @default 2_592_000_000 (30 days)
   */
  consentURLMaxAge?: number | undefined;
  /** Time for one delivery attempt of the consent callback, in milliseconds. Criteo documents none. @default 10_000 */
  callbackTimeout?: number | undefined;
}
