import type { Schema } from '../schema/json-schema';
import type { Sandbox, SandboxApp } from '../types';

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

/** The parameter of operations for all apps or for one. */
export const appChoice: Schema = {
  type: 'string',
  description: 'A client id: only this app is meant. Without it: all apps.',
};
/** Makes the schema of a body. */
export const object = (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

function findApp({ apps }: Sandbox, clientID: string | undefined): SandboxApp | undefined {
  return apps.find(({ keys }) => keys.some((pair) => pair.clientID === clientID));
}

/**
 * Returns the app that is meant, by any of its client ids, or the sandbox itself.
 * @throws TypeError if there is no such app
 */
export function seenBy(sandbox: Sandbox, clientID: string | undefined): Pick<Sandbox, 'variants' | 'now'> {
  if (clientID === undefined) return sandbox;
  const app = findApp(sandbox, clientID);
  if (!app) throw new TypeError(`there is no app with the client id ${clientID}`);
  return app;
}

/** Returns the filter with the first client id of its app: consents and requests are listed under that one. */
export function withFirstID<Filter extends { app?: string | undefined }>(sandbox: Sandbox, filter: Filter): Filter {
  const app = findApp(sandbox, filter.app);
  return app ? { ...filter, app: app.clientID } : filter;
}
