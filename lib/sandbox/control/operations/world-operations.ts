import { appChoice, type Operation, object } from '../operation';
import { healthResponse, sandboxResponse } from '../response-schemas';

/** The sandbox as a whole. */
export const worldOperations: readonly Operation[] = [
  {
    id: 'getHealth',
    method: 'GET',
    path: '/health',
    summary: 'Says that the sandbox is up.',
    response: healthResponse,
    run: ({ url }) => ({ status: 'ok', url }),
  },
  {
    id: 'getSandbox',
    method: 'GET',
    path: '',
    summary: 'Returns the addresses and the credentials of the first app.',
    response: sandboxResponse,
    run: ({ url, endpoints, app, connections }) => ({ url, endpoints, app, connections }),
  },
  {
    id: 'reset',
    method: 'POST',
    path: '/reset',
    summary: 'Goes back to the start, or forgets what belongs to one app.',
    body: object({ app: appChoice }),
    run: (sandbox, { body }) => sandbox.reset(body as { app?: string }),
  },
];
