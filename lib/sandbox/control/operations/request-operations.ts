import type { Schema } from '../../schema/json-schema';
import type { RequestFilter, Sandbox } from '../../types';
import { fits } from '../../world/request-log';
import { appChoice, type Input, type Operation, withFirstID } from '../operation';
import { listOf, requestResponse } from '../response-schemas';

const texts: Schema = { type: 'object', additionalProperties: { type: 'string' } };

/** The longest wait for a request, in milliseconds: shorter than the patience of most HTTP clients. */
const longestWait = 60_000;
const mostListed = 1_000;

/** What was received and sent. */
export const requestOperations: readonly Operation[] = [
  {
    id: 'listRequests',
    method: 'GET',
    path: '/requests',
    summary: 'Lists requests that were received or sent, oldest first. With `wait`: waits until there is one.',
    query: {
      app: appChoice,
      endpoint: { enum: ['token', 'api', 'consent', 'delivery'] },
      method: { type: 'string', description: 'The method, in capitals.' },
      path: { type: 'string', description: 'The path without the query.' },
      status: { type: 'integer', description: "The response's status." },
      form: { ...texts, description: 'Fields of the form with their values: `form[grant_type]=refresh_token`.' },
      query: { ...texts, description: 'Parameters of the query with their values: `query[state]=abc`.' },
      after: { type: 'integer', minimum: 0, description: 'Only requests with a higher id.' },
      wait: {
        type: 'integer',
        minimum: 0,
        maximum: longestWait,
        default: 0,
        description: 'If there is none: how long to wait for one, in milliseconds. The list is empty if none came.',
      },
      limit: {
        type: 'integer',
        minimum: 1,
        maximum: mostListed,
        default: 100,
        description: 'How many to list at most: the newest.',
      },
    },
    response: listOf(requestResponse),
    run: listRequests,
  },
  {
    id: 'clearRequests',
    method: 'DELETE',
    path: '/requests',
    summary: 'Forgets the requests, of all apps or of one.',
    query: { app: appChoice },
    run: (sandbox, { query }) => sandbox.clearRequests(query as { app?: string }),
  },
];

async function listRequests(sandbox: Sandbox, { query, signal }: Input): Promise<unknown> {
  const { wait = 0, limit = 100, ...filter } = query as RequestFilter & { wait?: number; limit?: number };
  // Without one in time the list is empty: that is no error.
  if (wait > 0) await sandbox.waitForRequest(filter, { timeout: wait, signal }).catch(() => undefined);
  const meant = withFirstID(sandbox, filter);
  return sandbox.requests.filter((request) => fits(request, meant)).slice(-limit);
}
