/** The part of JSON Schema (2020-12) that the sandbox uses: it checks what it is given, and it is published. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null';
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly $ref?: string;
  /** What error messages say that the value must be; without it they say what can be read from the schema. */
  readonly 'x-expected'?: string;
}

/** The first thing in a value that does not fit its schema. */
export interface Misfit {
  /** Where it is, such as `app.redirectURIs[0]`; empty for the value itself. */
  readonly path: string;
  /** What it must be. */
  readonly expected: string;
  /** If it is a property that the schema does not have: its name, and those that there are. */
  readonly unknown?: { readonly name: string; readonly known: readonly string[] };
}

/** Returns a schema as others may read it: without the texts that are only for error messages. */
export function publishedSchema(schema: Schema): Schema {
  const copy = JSON.stringify(schema, (name, value: unknown) => (name === 'x-expected' ? undefined : value));
  return JSON.parse(copy) as Schema;
}

/** Returns the first misfit, or undefined if the value fits. */
export function findMisfit(schema: Schema, value: unknown, path = ''): Misfit | undefined {
  const wrong = { path, expected: describe(schema) };
  if (schema.anyOf && !schema.anyOf.some((one) => findMisfit(one, value) === undefined)) return wrong;
  if ('const' in schema && value !== schema.const) return wrong;
  if (schema.enum && !schema.enum.includes(value)) return wrong;
  switch (schema.type) {
    case 'object':
      return isObject(value) ? findInObject(schema, value, path) : wrong;
    case 'array':
      return Array.isArray(value) ? findInArray(schema, value, path) : wrong;
    case 'string':
      return typeof value === 'string' && textFits(schema, value) ? undefined : wrong;
    case 'number':
    case 'integer':
      return typeof value === 'number' && numberFits(schema, value) ? undefined : wrong;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : wrong;
    case 'null':
      return value === null ? undefined : wrong;
    default:
      return undefined;
  }
}

function findInObject(schema: Schema, value: Readonly<Record<string, unknown>>, path: string): Misfit | undefined {
  const { properties = {}, required = [], additionalProperties = true } = schema;
  const below = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const name of required) {
    const property = properties[name];
    if (value[name] === undefined && property) return { path: below(name), expected: describe(property) };
  }
  for (const [name, item] of Object.entries(value)) {
    // Undefined counts as not given.
    if (item === undefined) continue;
    const property = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
    if (property === false) {
      const known = Object.keys(properties);
      return { path, expected: describe(schema), unknown: { name, known } };
    }
    const misfit = typeof property === 'object' ? findMisfit(property, item, below(name)) : undefined;
    if (misfit) return misfit;
  }
  return undefined;
}

function findInArray(schema: Schema, value: readonly unknown[], path: string): Misfit | undefined {
  const { items, minItems = 0, maxItems = Infinity } = schema;
  if (value.length < minItems || value.length > maxItems) return { path, expected: describe(schema) };
  if (!items) return undefined;
  for (const [index, item] of value.entries()) {
    const misfit = findMisfit(items, item, `${path}[${index}]`);
    if (misfit) return misfit;
  }
  return undefined;
}

function textFits({ minLength = 0, maxLength = Infinity, pattern }: Schema, value: string): boolean {
  if (value.length < minLength || value.length > maxLength) return false;
  return pattern === undefined || new RegExp(pattern, 'u').test(value);
}

function numberFits(schema: Schema, value: number): boolean {
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity } = schema;
  if (schema.type === 'integer' && !Number.isInteger(value)) return false;
  return value >= minimum && value <= maximum && (exclusiveMinimum === -Infinity || value > exclusiveMinimum);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(schema: Schema): string {
  if (schema['x-expected'] !== undefined) return schema['x-expected'];
  if (schema.enum) return schema.enum.map((value) => `'${value}'`).join(' or ');
  if (schema.anyOf) return schema.anyOf.map(describe).join(', or ');
  if ('const' in schema) return `'${String(schema.const)}'`;
  const { minimum, maximum, exclusiveMinimum } = schema;
  const range =
    (minimum === undefined ? '' : ` from ${minimum}`) +
    (exclusiveMinimum === undefined ? '' : ` above ${exclusiveMinimum}`) +
    (maximum === undefined ? '' : ` to ${maximum}`);
  switch (schema.type) {
    case 'object':
      return 'an object';
    case 'array':
      return `an array${sizeText(schema)}`;
    case 'string':
      return schema.minLength ? 'a text that is not empty' : 'a text';
    case 'integer':
      return `a whole number${range}`;
    case 'number':
      return `a number${range}`;
    case 'boolean':
      return 'true or false';
    default:
      return 'null';
  }
}

function sizeText({ minItems = 0, maxItems }: Schema): string {
  if (maxItems === undefined) return '';
  return minItems > 0 ? ` of ${minItems} to ${maxItems} items` : ` of at most ${maxItems} items`;
}

/** Returns an error message that names the field, for example "option `port` must be a whole number from 0 to 65535". */
export function explainMisfit({ path, expected, unknown }: Misfit, what: string, whole: string): string {
  if (unknown) {
    const { name, known } = unknown;
    return `there is no ${what} \`${name}\` in \`${path === '' ? whole : path}\`; there are ${known.join(', ')}`;
  }
  return path === '' ? `\`${whole}\` must be ${expected}` : `${what} \`${path}\` must be ${expected}`;
}
