export { describeRequest, describeResult, maskRequest } from './masked-request';
export { readSandboxConfig } from './options';
export { createSandbox } from './sandbox';
export { sandboxConfigSchema } from './schema/sandbox-schemas';
export type {
  AppChoice,
  Credentials,
  DeliveryFault,
  ExchangeFault,
  Fault,
  FaultHandle,
  GrantedConsent,
  GrantOptions,
  Holding,
  KeyPair,
  PendingFault,
  RequestFilter,
  RequestMatch,
  Revocation,
  Sandbox,
  SandboxApp,
  SandboxAppOptions,
  SandboxConsent,
  SandboxOptions,
  SandboxRequest,
  SandboxUser,
  SandboxUserOptions,
  Service,
} from './types';
export { sandboxVariants, type UnknownFact, type VariantName, type Variants } from './variants';
export { exampleUsers } from './world/users';
