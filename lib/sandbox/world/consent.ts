import type { Holding, Revocation, SandboxConsent, SandboxUser } from '../types';
import type { App } from './apps';

/** What a user agreed to. */
export interface Consent {
  readonly id: string;
  readonly app: App;
  readonly user: SandboxUser;
  readonly kind: SandboxConsent['kind'];
  readonly shared: readonly Holding[];
  readonly time: number;
  /** Changed by `Grants.revoke` only. */
  revoked: Revocation | undefined;
}
