import { sandboxVariants, variantNames } from '../variants';
import { publishedSchema, type Schema } from './json-schema';

/** The longest time that a timer of node's can wait, in milliseconds. */
export const longestTimer = 2_147_483_647;

/** What error messages say of `publicURL`. */
export const publicURLExpected = 'an http or https URL without a path, such as http://sandbox:4300';

const absoluteURL: Schema = { type: 'string', pattern: '^[\\x21-\\x7e]{1,2000}$', 'x-expected': 'an absolute URL' };

/** Client ids and secrets go into forms and URLs: visible ASCII without spaces. */
const credential: Schema = {
  type: 'string',
  pattern: '^[\\x21-\\x7e]{1,200}$',
  'x-expected': 'a text of 1 to 200 visible ASCII characters',
};

const name: Schema = { type: 'string', minLength: 1, maxLength: 100, 'x-expected': 'a text of 1 to 100 characters' };

export const holdingSchema: Schema = {
  type: 'object',
  title: 'Holding',
  description: 'An advertiser, or a Retail Media account.',
  properties: {
    id: { type: 'string', minLength: 1, maxLength: 100, description: 'A decimal number as text; it may exceed 2^53.' },
    name: {
      anyOf: [{ type: 'string', maxLength: 510 }, { type: 'null' }],
      description: "Criteo's schema allows names to be null.",
      'x-expected': 'a text of at most 510 characters, or null',
    },
  },
  required: ['id', 'name'],
  additionalProperties: false,
};

const portfolioSchema: Schema = {
  anyOf: [
    { type: 'integer', minimum: 0, maximum: 1000 },
    { type: 'array', maxItems: 1000, items: holdingSchema },
  ],
  'x-expected': 'a whole number from 0 to 1000, or an array of { id: string, name: string | null } with different ids',
};

export const appSchema: Schema = {
  type: 'object',
  title: 'AppOptions',
  description: "An app, as it is registered in Criteo's Partners Portal.",
  properties: {
    name: { ...name, description: 'Shown on the consent page and in the console.' },
    service: {
      enum: ['marketing-solutions', 'retail-media'],
      default: 'marketing-solutions',
      description: 'What the app is for, and so what users share with it.',
    },
    pkce: {
      type: 'boolean',
      default: false,
      description: "The app's PKCE switch. On: a consent request without an S256 challenge fails.",
    },
    redirectURIs: {
      type: 'array',
      maxItems: 30,
      items: absoluteURL,
      description:
        'The registered redirect URIs, compared as exact text. Without it: any https URL, and http on a loopback host.',
      'x-expected': 'an array of at most 30 absolute URLs',
    },
    callbackURL: {
      ...absoluteURL,
      description: "The connector's callback URL: decisions on consent links are delivered there.",
      'x-expected': 'an https URL, or an http URL on a loopback host or a container',
    },
    keys: {
      type: 'array',
      minItems: 1,
      maxItems: 5,
      description: 'The key pairs of the app. Without it: one, made up.',
      items: {
        type: 'object',
        properties: { clientID: credential, clientSecret: credential },
        required: ['clientID', 'clientSecret'],
        additionalProperties: false,
      },
      'x-expected': 'an array of 1 to 5 key pairs',
    },
    signing: {
      type: 'object',
      description: "The connector's key pair for signed consent URLs. Without it: made up.",
      properties: { key: credential, secret: credential },
      required: ['key', 'secret'],
      additionalProperties: false,
    },
  },
  additionalProperties: false,
};

export const userSchema: Schema = {
  type: 'object',
  title: 'UserOptions',
  description: 'A user of Criteo, who can give consent.',
  properties: {
    id: {
      type: 'string',
      pattern: '^[\\w.-]{1,64}$',
      description: 'Without it: `user-1`, `user-2` and so on.',
      'x-expected': 'a text of 1 to 64 letters, digits, dots, hyphens and underscores',
    },
    name,
    advertisers: { ...portfolioSchema, description: 'The advertisers that the user can share: how many, or which.' },
    accounts: { ...portfolioSchema, description: 'The Retail Media accounts that the user can share.' },
    mayConsent: { type: 'boolean', default: true, description: 'False for a user whose role does not allow consent.' },
  },
  required: ['name'],
  additionalProperties: false,
};

export const variantsSchema: Schema = {
  type: 'object',
  title: 'Variants',
  description: 'How the facts turn out that Criteo does not document.',
  properties: Object.fromEntries(
    variantNames.map((variant) => {
      const { question, variants, default: usual } = sandboxVariants[variant];
      return [variant, { enum: Object.keys(variants), default: usual, description: question }];
    }),
  ),
  additionalProperties: false,
};

const textRecord: Schema = {
  type: 'object',
  additionalProperties: { type: 'string' },
  'x-expected': 'an object of texts',
};

/** Which requests are meant. Every property narrows the choice. */
export const matchSchema: Schema = {
  type: 'object',
  title: 'RequestMatch',
  description: 'Which requests are meant: every property narrows the choice.',
  properties: {
    app: { type: 'string', description: 'A client id of the app.' },
    method: { type: 'string', description: 'The method, in capitals.' },
    path: { type: 'string', description: 'The path without the query.' },
    form: { ...textRecord, description: 'Fields of the form with their values.' },
    query: { ...textRecord, description: 'Parameters of the query with their values.' },
  },
  additionalProperties: false,
};

const milliseconds: Schema = {
  type: 'number',
  minimum: 0,
  maximum: longestTimer,
  'x-expected': 'milliseconds, a number from 0',
};

const faultBasics: Readonly<Record<string, Schema>> = {
  app: { type: 'string', description: 'A client id: only the exchanges of this app meet the fault.' },
  times: {
    anyOf: [{ type: 'integer', minimum: 1 }, { const: 'always' }],
    default: 1,
    description: 'How many exchanges meet the fault; `"always"`: all, until it is cleared.',
    'x-expected': "a whole number from 1, 'always' or Infinity",
  },
};

const exchangeFault: Readonly<Record<string, Schema>> = {
  ...faultBasics,
  match: { ...matchSchema, description: 'Only requests that fit meet the fault.' },
  after: {
    type: 'boolean',
    default: false,
    description: 'The request is carried out first; only its response is replaced.',
  },
  delay: { ...milliseconds, description: 'Real milliseconds to wait before anything else.' },
  status: {
    type: 'integer',
    minimum: 200,
    maximum: 599,
    description: 'Respond with this status.',
    'x-expected': 'a whole number from 200 to 599',
  },
  headers: { ...textRecord, description: 'Headers of the response; goes with `status`.' },
  body: { description: 'Body of the response: text as it is, all else as JSON; goes with `status`.' },
  reset: { type: 'boolean', default: false, description: 'Cut the connection instead of responding.' },
  hang: { type: 'boolean', default: false, description: 'Never respond.' },
  truncate: { type: 'boolean', default: false, description: "Cut the connection after half of the response's body." },
  rateLimit: {
    anyOf: [{ type: 'boolean' }, { type: 'number', minimum: 0 }],
    description: 'Respond 429; a number says after how many seconds the limit resets (60 for `true`).',
    'x-expected': 'true, or seconds from 0',
  },
};

const tokenFault: Readonly<Record<string, Schema>> = {
  omitRefreshToken: { type: 'boolean', default: false, description: 'Leave `refresh_token` out of the response.' },
  rotateRefreshToken: {
    type: 'boolean',
    default: false,
    description: 'A refresh responds with a new refresh token, and the old one stops working.',
  },
};

const deliveryFault: Readonly<Record<string, Schema>> = {
  ...faultBasics,
  corrupt: { type: 'boolean', default: false, description: 'The signature does not fit the body.' },
  duplicate: { type: 'boolean', default: false, description: 'The same delivery arrives twice, at the same time.' },
  late: { ...milliseconds, description: 'It is sent so many real milliseconds after the user was redirected.' },
  lost: { type: 'boolean', default: false, description: 'It is never sent.' },
};

const faultOf = (on: string, properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  properties: { on: { const: on }, ...properties },
  required: ['on'],
  additionalProperties: false,
});

/** The schema of a fault, by where it happens. */
export const faultSchemas: Readonly<Record<string, Schema>> = {
  token: faultOf('token', { ...exchangeFault, ...tokenFault }),
  api: faultOf('api', exchangeFault),
  consent: faultOf('consent', exchangeFault),
  delivery: faultOf('delivery', deliveryFault),
};

export const faultSchema: Schema = {
  title: 'Fault',
  description: 'Something that goes wrong.',
  anyOf: Object.values(faultSchemas),
  'x-expected': 'a fault',
};

/** The options of `createSandbox` as far as JSON can hold them. Faults are checked, with better messages, when added. */
export const optionsSchema: Schema = {
  type: 'object',
  title: 'passport-criteo sandbox',
  description: 'Configuration of the Criteo sandbox.',
  properties: {
    $schema: { type: 'string' },
    port: {
      type: 'integer',
      minimum: 0,
      maximum: 65_535,
      default: 0,
      description: 'TCP port to listen on; 0: any free one.',
      'x-expected': 'a whole number from 0 to 65535',
    },
    host: {
      type: 'string',
      minLength: 1,
      default: '127.0.0.1',
      description: 'Address to listen on.',
      'x-expected': 'an address or host name to listen on',
    },
    publicURL: {
      type: 'string',
      pattern: '^https?://[^/?#@\\s]+/?$',
      description: 'The address under which other machines and containers reach the sandbox.',
      'x-expected': publicURLExpected,
    },
    seed: {
      anyOf: [{ type: 'string' }, { type: 'number' }],
      description: 'Makes credentials, codes and tokens the same in every run. Only for tests.',
      'x-expected': 'a string or a number',
    },
    app: { ...appSchema, description: 'The first app.' },
    apps: { type: 'array', maxItems: 100, items: appSchema, description: 'More apps.' },
    users: { type: 'array', minItems: 1, maxItems: 100, items: userSchema, description: 'The users. Without it: one.' },
    portfolio: {
      ...portfolioSchema,
      default: 5,
      description:
        'What the only user can share, if `users` is not given: how many advertisers and accounts, or which.',
    },
    variants: variantsSchema,
    faults: {
      type: 'array',
      maxItems: 100,
      items: { type: 'object', 'x-expected': 'a fault' },
      description: 'Faults from the start.',
    },
    rateLimit: { type: 'boolean', default: false, description: 'Enforce the documented limits of API calls (429).' },
    decommissioned: {
      type: 'array',
      items: { type: 'string' },
      default: [],
      description: 'API versions that respond 410.',
      'x-expected': "an array of API versions, such as ['2024-01']",
    },
    consentURLMaxAge: {
      type: 'number',
      exclusiveMinimum: 0,
      default: 30 * 86_400_000,
      description: 'How old a signed consent URL may be, in milliseconds.',
      'x-expected': 'milliseconds, a number above 0',
    },
    callbackTimeout: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: longestTimer,
      default: 10_000,
      description: 'Time for one delivery attempt of the consent callback, in milliseconds.',
      'x-expected': 'milliseconds, a number above 0',
    },
  },
  additionalProperties: false,
};

/** The JSON Schema (2020-12) of the sandbox's configuration file: the options of `createSandbox` that JSON can hold. */
export const sandboxConfigSchema: Schema = publishedSchema({
  ...optionsSchema,
  properties: {
    ...optionsSchema.properties,
    faults: { type: 'array', maxItems: 100, items: faultSchema, description: 'Faults from the start.' },
  },
});
