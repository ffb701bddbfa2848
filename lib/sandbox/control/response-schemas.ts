import type { Schema } from '../schema/json-schema';
import { appSchema, faultSchema, holdingSchema, userSchema, variantsSchema } from '../schema/sandbox-schemas';

/** The schemas of what the HTTP API responds. */

const text: Schema = { type: 'string' };
const time: Schema = { type: 'number', description: 'Milliseconds since the epoch.' };
const textRecord: Schema = { type: 'object', additionalProperties: text };

function response(
  title: string,
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', title, properties, required };
}

export function listOf(items: Schema): Schema {
  return { type: 'array', items };
}

const credentials = response('Credentials', {
  clientID: text,
  clientSecret: text,
  signingKey: text,
  signingSecret: text,
});

export const healthResponse = response('Health', { status: { const: 'ok' }, url: text });

export const sandboxResponse = response('Sandbox', {
  url: text,
  endpoints: response('Endpoints', { authorizationURL: text, tokenURL: text, apiURL: text }),
  app: credentials,
  connections: { type: 'integer' },
});

export const appResponse = response(
  'App',
  {
    clientID: text,
    name: text,
    service: appSchema.properties?.['service'] ?? text,
    pkce: { type: 'boolean' },
    redirectURIs: listOf(text),
    callbackURL: text,
    credentials,
    keys: listOf(response('KeyPair', { clientID: text, clientSecret: text })),
    variants: variantsSchema,
    now: time,
  },
  ['redirectURIs', 'callbackURL'],
);

export const userResponse = response('User', {
  id: userSchema.properties?.['id'] ?? text,
  name: text,
  advertisers: listOf(holdingSchema),
  accounts: listOf(holdingSchema),
  mayConsent: { type: 'boolean' },
});

const consentProperties: Readonly<Record<string, Schema>> = {
  id: text,
  app: { ...text, description: 'A client id of the app.' },
  user: { ...text, description: 'The id of the user.' },
  kind: { enum: ['login', 'signed URL', 'portal link'] },
  shared: listOf(holdingSchema),
  time,
  revoked: { enum: ['dashboard', 'role-change'], description: 'How it ended, if it did.' },
};

export const consentResponse = response('Consent', consentProperties, ['revoked']);

export const grantResponse = response(
  'Grant',
  {
    ...consentProperties,
    tokens: response('Tokens', {
      accessToken: text,
      refreshToken: text,
      tokenType: { const: 'Bearer' },
      obtainedAt: time,
      expiresAt: time,
    }),
  },
  ['revoked', 'tokens'],
);

export const decisionResponse = response('RedirectURL', { redirectURL: text });
export const portalLinkResponse = response('PortalLink', { consentURL: text });
export const clockResponse = response('Clock', { now: time, iso: text });

export const factResponse = response('UnknownFact', {
  name: text,
  question: text,
  variants: { ...textRecord, description: 'The variants, and what each one does.' },
  default: text,
  why: { ...text, description: 'Why this variant is the default.' },
  on: { ...text, description: 'The variant that is on.' },
});

export const faultResponse = response('PendingFault', {
  id: text,
  hits: { type: 'integer', description: 'How many requests it has met so far.' },
  left: { anyOf: [{ type: 'integer' }, { const: 'always' }] },
  fault: faultSchema,
});

export const requestResponse = response(
  'Request',
  {
    id: { type: 'integer', description: 'Counts up from 1.' },
    direction: { enum: ['in', 'out'] },
    endpoint: { enum: ['token', 'api', 'consent', 'delivery'] },
    app: text,
    method: text,
    path: text,
    query: textRecord,
    headers: { type: 'object' },
    body: text,
    form: textRecord,
    time,
    status: { type: 'integer' },
    connection: { type: 'integer' },
    checks: listOf(text),
    failure: text,
    response: response('RecordedResponse', { headers: textRecord, body: text }),
    attempt: { type: 'integer' },
    error: text,
  },
  ['app', 'status', 'failure', 'response', 'attempt', 'error'],
);

export const errorResponse = response('Error', {
  error: response('ErrorDetail', { code: text, message: text }),
});
