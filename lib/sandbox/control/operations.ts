import type { Operation } from './operation';
import { appOperations } from './operations/app-operations';
import { consentOperations } from './operations/consent-operations';
import { requestOperations } from './operations/request-operations';
import { switchOperations } from './operations/switch-operations';
import { worldOperations } from './operations/world-operations';

/** Every operation of the HTTP API. */
export const operations: readonly Operation[] = [
  ...worldOperations,
  ...appOperations,
  ...consentOperations,
  ...switchOperations,
  ...requestOperations,
];
