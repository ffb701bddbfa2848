export { createSandbox } from './sandbox';
export type {
  DeliveryFault,
  ExchangeFault,
  Fault,
  FaultHandle,
  Holding,
  Sandbox,
  SandboxAppOptions,
  SandboxOptions,
  SandboxRequest,
} from './types';
