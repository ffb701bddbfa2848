import type { Schema } from '../schema/json-schema';
import { appSchema, faultSchema, userSchema, variantsSchema } from '../schema/sandbox-schemas';
import type {
  Fault,
  GrantOptions,
  PendingFault,
  RequestFilter,
  Revocation,
  Sandbox,
  SandboxApp,
  SandboxAppOptions,
  SandboxUserOptions,
} from '../types';
import { sandboxVariants, type Variants } from '../variants';
import { fits } from '../world/request-log';
import {
  appResponse,
  clockResponse,
  consentResponse,
  decisionResponse,
  factResponse,
  faultResponse,
  grantResponse,
  healthResponse,
  listOf,
  portalLinkResponse,
  requestResponse,
  sandboxResponse,
  userResponse,
} from './response-schemas';

/** What an operation is given, checked against its schemas. */
export interface Input {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  /** Ends when the client is gone. */
  readonly signal: AbortSignal;
}

/** One operation of the HTTP API. The router and the OpenAPI file are made from these. */
export interface Operation {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/sandbox/api`, with parameters in braces. */
  readonly path: string;
  readonly summary: string;
  readonly query?: Readonly<Record<string, Schema>>;
  readonly body?: Schema;
  /** Status of success: 204 without a response, else 200. */
  readonly status?: 201;
  readonly response?: Schema;
  run(sandbox: Sandbox, input: Input): unknown;
}

const appChoice: Schema = { type: 'string', description: 'A client id: only this app is meant. Without it: all apps.' };
const object = (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const ids: Schema = { type: 'array', items: { type: 'string' }, maxItems: 1000 };
const texts: Schema = { type: 'object', additionalProperties: { type: 'string' } };

/** The longest wait for a request, in milliseconds: shorter than the patience of most HTTP clients. */
const longestWait = 60_000;
const mostListed = 1_000;

export const operations: readonly Operation[] = [
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
  {
    id: 'decide',
    method: 'POST',
    path: '/decisions',
    summary: 'Opens a consent URL and decides as a user would; returns where the user is sent back to.',
    body: object(
      {
        consentURL: { type: 'string', minLength: 1, description: 'Where the app redirected the user.' },
        decision: { enum: ['approve', 'deny'] },
        advertisers: { ...ids, description: 'Ids of the advertisers (accounts) to tick. Without it: all.' },
        user: { type: 'string', description: 'Id or name of the user. Without it: the first one.' },
      },
      ['consentURL', 'decision'],
    ),
    response: decisionResponse,
    run: async (sandbox, { body }) => {
      const { consentURL, decision, advertisers, user } = body as Decision;
      const redirectURL =
        decision === 'approve'
          ? await sandbox.approve(consentURL, { advertisers, user })
          : await sandbox.deny(consentURL, { user });
      return { redirectURL };
    },
  },
  {
    id: 'listConsents',
    method: 'GET',
    path: '/consents',
    summary: 'Lists the consents, newest first.',
    query: { app: appChoice },
    response: listOf(consentResponse),
    run: (sandbox, { query }) => {
      const { app } = withFirstID(sandbox, query as { app?: string });
      return sandbox.consents.filter((consent) => app === undefined || consent.app === app);
    },
  },
  {
    id: 'grant',
    method: 'POST',
    path: '/consents',
    summary: 'Gives consent without a browser. The kind `login` comes with tokens.',
    body: object({
      app: { type: 'string', description: 'A client id of the app. Without it: the first one.' },
      user: { type: 'string', description: 'Id or name of the user. Without it: the first one.' },
      advertisers: { ...ids, description: 'Ids of the advertisers (accounts) to share. Without it: all.' },
      kind: { enum: ['login', 'portal link'], default: 'portal link' },
    }),
    status: 201,
    response: grantResponse,
    run: (sandbox, { body }) => sandbox.grant(body as GrantOptions),
  },
  {
    id: 'revokeAll',
    method: 'DELETE',
    path: '/consents',
    summary: 'Revokes every consent, or every consent for one app.',
    query: { app: appChoice, how: { enum: ['dashboard', 'role-change'], default: 'dashboard' } },
    run: (sandbox, { query }) => sandbox.revoke(undefined, query as { app?: string; how?: Revocation }),
  },
  {
    id: 'revoke',
    method: 'DELETE',
    path: '/consents/{id}',
    summary: 'Revokes a consent.',
    query: { how: { enum: ['dashboard', 'role-change'], default: 'dashboard' } },
    run: (sandbox, { params, query }) => sandbox.revoke(params['id'], query as { how?: Revocation }),
  },
  {
    id: 'createPortalLink',
    method: 'POST',
    path: '/portal-links',
    summary: "Makes a consent link as Criteo's portal makes them.",
    body: object({
      app: { type: 'string', description: 'A client id of the app. Without it: the first one.' },
      redirectURI: { type: 'string', description: 'Where the user goes afterwards.' },
      state: { type: 'string' },
    }),
    status: 201,
    response: portalLinkResponse,
    run: (sandbox, { body }) => ({ consentURL: sandbox.portalLink(body as object) }),
  },
  {
    id: 'getClock',
    method: 'GET',
    path: '/clock',
    summary: 'Returns the time of the sandbox, or of one app.',
    query: { app: appChoice },
    response: clockResponse,
    run: (sandbox, { query }) => showClock(seenBy(sandbox, query['app'] as string | undefined)),
  },
  {
    id: 'moveClock',
    method: 'PATCH',
    path: '/clock',
    summary: 'Moves the clock by milliseconds (back if negative), or sets it. It runs on from there.',
    body: object({
      advance: { type: 'number', description: 'Milliseconds; negative: back.' },
      now: { type: 'number', minimum: 0, description: 'The time to set, in milliseconds since the epoch.' },
      app: appChoice,
    }),
    response: clockResponse,
    run: (sandbox, { body }) => {
      const { advance, now, app } = body as { advance?: number; now?: number; app?: string };
      if ((advance === undefined) === (now === undefined)) throw new TypeError('give one of `advance` and `now`');
      if (advance !== undefined) sandbox.advance(advance, { app });
      if (now !== undefined) sandbox.setTime(now, { app });
      return showClock(seenBy(sandbox, app));
    },
  },
  {
    id: 'listVariants',
    method: 'GET',
    path: '/variants',
    summary: 'Lists the facts that Criteo does not document, with their variants and the one that is on.',
    response: listOf(factResponse),
    run: ({ variants: on }) =>
      Object.entries(sandboxVariants).map(([name, { question, variants, default: usual, why }]) => {
        return { name, question, variants, default: usual, why, on: on[name as keyof Variants] };
      }),
  },
  {
    id: 'setVariants',
    method: 'PATCH',
    path: '/variants',
    summary: 'Changes how undocumented facts turn out, for all apps or for one.',
    query: { app: appChoice },
    body: variantsSchema,
    response: variantsSchema,
    run: (sandbox, { body, query }) => {
      const { app } = query as { app?: string };
      sandbox.setVariants(body as Partial<Variants>, { app });
      return seenBy(sandbox, app).variants;
    },
  },
  {
    id: 'listFaults',
    method: 'GET',
    path: '/faults',
    summary: 'Lists the faults that are still to come.',
    response: listOf(faultResponse),
    run: ({ faults }) => faults.map(showFault),
  },
  {
    id: 'addFault',
    method: 'POST',
    path: '/faults',
    summary: 'Makes something go wrong. Faults are taken in the order they were added, one for each request.',
    body: faultSchema,
    status: 201,
    response: faultResponse,
    run: (sandbox, { body }) => {
      const { id } = sandbox.fault(body as Fault);
      const added = sandbox.faults.find((fault) => fault.id === id);
      return added && showFault(added);
    },
  },
  {
    id: 'clearFaults',
    method: 'DELETE',
    path: '/faults',
    summary: 'Clears all faults, or those of one app.',
    query: { app: appChoice },
    run: (sandbox, { query }) => sandbox.clearFaults(query as { app?: string }),
  },
  {
    id: 'clearFault',
    method: 'DELETE',
    path: '/faults/{id}',
    summary: 'Clears one fault. A fault that is over already is no error.',
    run: ({ faults }, { params }) => faults.find(({ id }) => id === params['id'])?.clear(),
  },
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

interface Decision {
  readonly consentURL: string;
  readonly decision: 'approve' | 'deny';
  readonly advertisers?: readonly string[];
  readonly user?: string;
}

function findApp({ apps }: Sandbox, clientID: string | undefined): SandboxApp | undefined {
  return apps.find(({ keys }) => keys.some((pair) => pair.clientID === clientID));
}

/** Returns the app that is meant, by any of its client ids, or the sandbox itself. */
function seenBy(sandbox: Sandbox, clientID: string | undefined): Pick<Sandbox, 'variants' | 'now'> {
  return findApp(sandbox, clientID) ?? sandbox;
}

/** Returns the filter with the first client id of its app: consents and requests are listed under that one. */
function withFirstID<Filter extends { app?: string | undefined }>(sandbox: Sandbox, filter: Filter): Filter {
  const app = findApp(sandbox, filter.app);
  return app ? { ...filter, app: app.clientID } : filter;
}

function showClock({ now }: Pick<Sandbox, 'now'>): object {
  return { now, iso: new Date(now).toISOString() };
}

function showFault({ id, hits, left, fault }: PendingFault): object {
  // Functions, bytes and Infinity have no JSON.
  return { id, hits, left: left === Infinity ? 'always' : left, fault: JSON.parse(JSON.stringify(fault)) };
}

async function listRequests(sandbox: Sandbox, { query, signal }: Input): Promise<unknown> {
  const { wait = 0, limit = 100, ...filter } = query as RequestFilter & { wait?: number; limit?: number };
  // Without one in time the list is empty: that is no error.
  if (wait > 0) await sandbox.waitForRequest(filter, { timeout: wait, signal }).catch(() => undefined);
  const meant = withFirstID(sandbox, filter);
  return sandbox.requests.filter((request) => fits(request, meant)).slice(-limit);
}
