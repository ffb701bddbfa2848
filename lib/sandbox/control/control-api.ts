import { explainMisfit, findMisfit, type Schema } from '../schema/json-schema';
import type { Sandbox } from '../types';
import { type Incoming, json, type Outgoing } from '../wire/exchange';
import { type Form, readForm } from '../wire/form';
import { describeAPI, guardHeader } from './openapi';
import type { Operation } from './operation';
import { operations } from './operations';

const prefix = '/sandbox/api';

/** Why a request to the HTTP API is refused. */
class RequestError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** The HTTP API under `/sandbox/api`: what the JavaScript object can do, for programs in any language. */
export function createControlAPI(sandbox: Sandbox): (request: Incoming) => Promise<Outgoing> {
  return async (request) => {
    try {
      const path = request.path.slice(prefix.length).replace(/\/$/, '');
      if (path === '/openapi.json' && request.method === 'GET') return respond(200, describeAPI(sandbox.url));
      const { operation, params } = route(request.method, path);
      return await handle(sandbox, request, operation, params);
    } catch (error) {
      const { status, code, message, headers } = toRequestError(error);
      return respond(status, { error: { code, message } }, headers);
    }
  };
}

async function handle(
  sandbox: Sandbox,
  request: Incoming,
  operation: Operation,
  params: Readonly<Record<string, string>>,
): Promise<Outgoing> {
  if (operation.method !== 'GET' && request.headers[guardHeader] === undefined) {
    throw new RequestError(
      403,
      'header_missing',
      'Send the header X-Criteo-Sandbox with any value: it proves that this is not the page of another website.',
    );
  }
  const query = readQuery(request, operation.query ?? {});
  const body = operation.body && readBody(request, operation.body);
  const result = await operation.run(sandbox, { params, query, body, signal: request.signal });
  if (!operation.response) return { status: 204, headers: { 'cache-control': 'no-store' }, body: '' };
  return respond(operation.status ?? 200, result);
}

const routes = operations.map((operation) => ({
  operation,
  pattern: new RegExp(`^${operation.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
}));

function route(method: string, path: string): { operation: Operation; params: Record<string, string> } {
  const fitting = routes.flatMap(({ operation, pattern }) => {
    const match = pattern.exec(path);
    return match ? [{ operation, params: { ...match.groups } }] : [];
  });
  const found = fitting.find(({ operation }) => operation.method === method);
  if (found) return { operation: found.operation, params: decodeParams(found.params) };
  const allowed = fitting.map(({ operation }) => operation.method).join(', ');
  if (allowed !== '') {
    throw new RequestError(405, 'method_not_allowed', `Use ${allowed}`, { allow: allowed });
  }
  throw new RequestError(404, 'not_found', `There is no ${prefix}${path}: see ${prefix}/openapi.json`);
}

function decodeParams(params: Readonly<Record<string, string>>): Record<string, string> {
  try {
    return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, decodeURIComponent(value)]));
  } catch {
    throw new RequestError(400, 'invalid_path', 'The path cannot be decoded');
  }
}

/** Reads the query: numbers where the schema has them, and `name[field]=value` for objects. */
function readQuery({ search }: Incoming, properties: Readonly<Record<string, Schema>>): Record<string, unknown> {
  const form = readForm(search.slice(1));
  if (!form) throw new RequestError(400, 'invalid_query', 'The query cannot be decoded');
  // Without a prototype: the parameter `__proto__` is refused like any other that is unknown.
  const query: Record<string, unknown> = Object.create(null);
  for (const [name, value] of single(form)) {
    const [, outer, inner] = /^(\w+)\[([^\]]+)\]$/.exec(name) ?? [];
    if (outer !== undefined && inner !== undefined && properties[outer]?.type === 'object') {
      query[outer] = { ...(query[outer] as object | undefined), [inner]: value };
    } else {
      const isNumber = ['integer', 'number'].includes(properties[name]?.type ?? '');
      query[name] = isNumber && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
    }
  }
  const misfit = findMisfit({ type: 'object', properties, additionalProperties: false }, query);
  if (misfit) throw new RequestError(400, 'invalid_query', explainMisfit(misfit, 'parameter', 'query'));
  return query;
}

function single(form: Form): [string, string][] {
  return [...form].map(([name, values]) => {
    const [value = '', ...more] = values;
    if (more.length > 0) throw new RequestError(400, 'invalid_query', `The parameter \`${name}\` is repeated`);
    return [name, value];
  });
}

function readBody({ body, headers }: Incoming, schema: Schema): unknown {
  let value: unknown = {};
  if (body.length > 0) {
    if (!/^application\/json *(;|$)/i.test(headers['content-type'] ?? '')) {
      throw new RequestError(415, 'json_expected', 'Send the body as JSON, with Content-Type: application/json');
    }
    try {
      value = JSON.parse(body.toString());
      // What is nested too deeply to be written again would fail later, in a response.
      JSON.stringify(value);
    } catch {
      throw new RequestError(400, 'invalid_json', 'The body is not JSON, or nested too deeply');
    }
  }
  // A fault has several forms. The operation checks it, with a message about the form that is meant.
  const misfit = schema.anyOf ? undefined : findMisfit(schema, value);
  if (misfit) throw new RequestError(400, 'invalid_body', explainMisfit(misfit, 'field', 'body'));
  return value;
}

function toRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/there is no (app|user|consent)\b/.test(message)) return new RequestError(404, 'not_found', message);
  if (error instanceof TypeError) return new RequestError(400, 'invalid_request', message);
  return new RequestError(
    422,
    'refused',
    error instanceof Error && 'check' in error ? `${error.check}. ${message}` : message,
  );
}

/** No CORS header: pages of other websites cannot read what is here. */
function respond(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Outgoing {
  return json(status, body, {
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    ...headers,
  });
}
