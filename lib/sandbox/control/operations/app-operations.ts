import { appSchema, userSchema } from '../../schema/sandbox-schemas';
import type { SandboxAppOptions, SandboxUserOptions } from '../../types';
import type { Operation } from '../operation';
import { appResponse, listOf, userResponse } from '../response-schemas';

/** Apps and users. */
export const appOperations: readonly Operation[] = [
  {
    id: 'listApps',
    method: 'GET',
    path: '/apps',
    summary: 'Lists the apps.',
    response: listOf(appResponse),
    run: ({ apps }) => apps,
  },
  {
    id: 'addApp',
    method: 'POST',
    path: '/apps',
    summary: 'Registers one more app, for example one for each test worker.',
    body: appSchema,
    status: 201,
    response: appResponse,
    run: (sandbox, { body }) => sandbox.addApp(body as SandboxAppOptions),
  },
  {
    id: 'removeApp',
    method: 'DELETE',
    path: '/apps/{clientID}',
    summary: 'Removes an app with its consents and tokens. The first app stays.',
    run: (sandbox, { params }) => sandbox.removeApp(params['clientID'] ?? ''),
  },
  {
    id: 'listUsers',
    method: 'GET',
    path: '/users',
    summary: 'Lists the users who can give consent.',
    response: listOf(userResponse),
    run: ({ users }) => users,
  },
  {
    id: 'addUser',
    method: 'POST',
    path: '/users',
    summary: 'Adds a user.',
    body: userSchema,
    status: 201,
    response: userResponse,
    run: (sandbox, { body }) => sandbox.addUser(body as SandboxUserOptions),
  },
  {
    id: 'removeUser',
    method: 'DELETE',
    path: '/users/{id}',
    summary: 'Removes a user with their consents. One user has to stay.',
    run: (sandbox, { params }) => sandbox.removeUser(params['id'] ?? ''),
  },
];
