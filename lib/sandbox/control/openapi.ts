import type { Schema } from '../schema/json-schema';
import { sandboxConfigSchema } from '../schema/sandbox-schemas';
import { type Operation, operations } from './operations';
import { errorResponse } from './response-schemas';

/** The header without which nothing is changed: pages of other websites cannot send it. */
export const guardHeader = 'x-criteo-sandbox';

/** Returns the OpenAPI 3.1 description of the HTTP API. */
export function describeAPI(url: string): object {
  const schemas: Record<string, unknown> = {};
  const paths: Record<string, Record<string, unknown>> = {
    '/openapi.json': {
      get: {
        operationId: 'getOpenAPI',
        summary: 'Returns this file.',
        responses: { 200: { description: 'OpenAPI 3.1', ...jsonContent({ type: 'object' }) } },
      },
    },
  };
  for (const operation of operations) {
    const path = operation.path === '' ? '/' : operation.path;
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describeOperation(operation, schemas) };
  }
  published(sandboxConfigSchema, schemas);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Criteo sandbox',
      version: '1',
      description:
        'Drives the local stand-in for Criteo from any language. Requests that change something carry the header ' +
        '`X-Criteo-Sandbox` with any value; bodies are JSON.',
    },
    servers: [{ url: `${url}/sandbox/api` }],
    paths,
    components: { schemas },
  };
}

function describeOperation(operation: Operation, schemas: Record<string, unknown>): object {
  const { id, method, path, summary, query = {}, body, status, response } = operation;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    ...(description !== undefined && { description }),
    ...(schema.type === 'object' && { style: 'deepObject', explode: true }),
    schema: published(schema, schemas),
  }));
  const guard = { name: 'X-Criteo-Sandbox', in: 'header', required: true, schema: { type: 'string', default: '1' } };
  const success = status ?? (response ? 200 : 204);
  const failure = { description: 'The request was refused.', ...jsonContent(published(errorResponse, schemas)) };
  return {
    operationId: id,
    summary,
    parameters: [...inPath, ...inQuery, ...(method === 'GET' ? [] : [guard])],
    ...(body && {
      requestBody: { required: Boolean(body.required?.length), ...jsonContent(published(body, schemas)) },
    }),
    responses: {
      [success]: response
        ? { description: 'Done.', ...jsonContent(published(response, schemas)) }
        : { description: 'Done.' },
      '4XX': failure,
    },
  };
}

function jsonContent(schema: unknown): { content: Record<string, unknown> } {
  return { content: { 'application/json': { schema } } };
}

/** Returns a schema without what is only for error messages. Schemas with a title move to `schemas`. */
function published(schema: Schema, schemas: Record<string, unknown>): unknown {
  const { 'x-expected': _, properties, items, anyOf, additionalProperties, ...rest } = schema;
  const nested = (one: Schema): unknown => published(one, schemas);
  const result = {
    ...rest,
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, nested(one)])),
    }),
    ...(items && { items: nested(items) }),
    ...(anyOf && { anyOf: anyOf.map(nested) }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        typeof additionalProperties === 'object' ? nested(additionalProperties) : additionalProperties,
    }),
  };
  const { title } = schema;
  if (title === undefined) return result;
  const name = title.replace(/\W+(\w)/g, (_match, letter: string) => letter.toUpperCase());
  schemas[name] ??= result;
  return { $ref: `#/components/schemas/${name}` };
}
