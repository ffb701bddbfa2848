import { explainMisfit, findMisfit } from './schema/json-schema';
import { appSchema, optionsSchema, publicURLExpected, userSchema, variantsSchema } from './schema/sandbox-schemas';
import type { SandboxAppOptions, SandboxOptions, SandboxUserOptions } from './types';
import type { Variants } from './variants';
import { isWebURL } from './wire/addresses';
import type { AppSettings, Settings } from './world/settings';

/** @throws TypeError naming the option */
export function readOptions(options: SandboxOptions, caller = 'createSandbox', what = 'option'): Settings {
  const { now = Date.now, ...plain } = Object(options) as SandboxOptions;
  check(optionsSchema, isPlain(options) ? plain : options, caller);
  if (typeof now !== 'function') {
    throw new TypeError(`${caller}: option \`now\` must be a function that returns milliseconds since the epoch`);
  }
  const { app, apps = [], users, portfolio, faults = [], publicURL } = plain;
  if (publicURL !== undefined && !URL.canParse(publicURL)) {
    // Such as one with the port 99999.
    throw new TypeError(`${caller}: ${what} \`publicURL\` must be ${publicURLExpected}`);
  }
  if (users !== undefined && portfolio !== undefined) {
    throw new TypeError(`${caller}: give only one of the ${what}s \`users\` and \`portfolio\``);
  }
  const all = [...(app || apps.length === 0 ? [{ path: 'app', options: app ?? {} }] : []), ...apps.map(withPath)];
  return {
    port: plain.port ?? 0,
    host: plain.host ?? '127.0.0.1',
    publicURL: publicURL?.replace(/\/$/, ''),
    seed: plain.seed,
    now,
    apps: all.map(({ path, options }) => readApp(options, `${caller}: ${what} \`${path}.`)),
    users: readUsers(users, portfolio, caller),
    variants: { ...plain.variants },
    faults: faults.map((fault) => ({ ...fault })),
    rateLimit: plain.rateLimit ?? false,
    decommissioned: new Set(plain.decommissioned),
    consentURLMaxAge: plain.consentURLMaxAge ?? 30 * 86_400_000,
    callbackTimeout: plain.callbackTimeout ?? 10_000,
  };
}

/**
 * Checks what was read from a configuration file, and returns it as options of `createSandbox`.
 * @throws TypeError naming the field
 */
export function readSandboxConfig(config: unknown): SandboxOptions {
  const caller = 'The configuration of the sandbox';
  check(optionsSchema, config, caller, { what: 'field', whole: 'configuration' });
  const { $schema: _, ...options } = config as SandboxOptions & { $schema?: string };
  readOptions(options, caller, 'field');
  return options;
}

/** @throws TypeError naming the option */
export function readAppOptions(options: SandboxAppOptions, caller: string): AppSettings {
  check(appSchema, options, caller);
  return readApp(options, `${caller}: option \``);
}

/** @throws TypeError naming the option */
export function readUserOptions(options: SandboxUserOptions, caller: string): SandboxUserOptions {
  check(userSchema, options, caller);
  checkDifferent(options.advertisers, `${caller}: option \`advertisers\``);
  checkDifferent(options.accounts, `${caller}: option \`accounts\``);
  return { ...options };
}

/** @throws TypeError naming the option */
export function checkVariants(variants: Partial<Variants>, caller: string): void {
  check(variantsSchema, variants, caller);
}

/** @param where how an error message starts, up to the name of the option */
function readApp(options: SandboxAppOptions, where: string): AppSettings {
  const { name, service = 'marketing-solutions', pkce = false, redirectURIs, callbackURL, keys, signing } = options;
  const refuse = (option: string, expected: string): never => {
    throw new TypeError(`${where}${option}\` must be ${expected}`);
  };
  const wrong = redirectURIs?.findIndex((uri) => !URL.canParse(uri)) ?? -1;
  if (wrong >= 0) refuse(`redirectURIs[${wrong}]`, 'an absolute URL');
  if (callbackURL !== undefined && !isWebURL(callbackURL)) {
    refuse('callbackURL', 'an https URL, or an http URL on a loopback host or a container');
  }
  return {
    name,
    service,
    pkce,
    redirectURIs: redirectURIs && [...redirectURIs],
    callbackURL,
    keys: keys?.map((pair) => ({ ...pair })),
    signing: signing && { ...signing },
  };
}

function readUsers(
  users: readonly SandboxUserOptions[] | undefined,
  portfolio: SandboxOptions['portfolio'] = 5,
  caller: string,
): readonly SandboxUserOptions[] {
  if (!users) {
    checkDifferent(portfolio, `${caller}: option \`portfolio\``);
    return [{ name: 'Test user', advertisers: portfolio, accounts: portfolio }];
  }
  return users.map((user, index) => readUserOptions(user, `${caller}, \`users[${index}]\``));
}

function checkDifferent(portfolio: SandboxUserOptions['advertisers'], option: string): void {
  if (typeof portfolio !== 'object') return;
  if (new Set(portfolio.map(({ id }) => id)).size < portfolio.length) {
    throw new TypeError(`${option} must be an array of { id: string, name: string | null } with different ids`);
  }
}

function withPath(options: SandboxAppOptions, index: number) {
  return { path: `apps[${index}]`, options };
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function check(
  schema: Parameters<typeof findMisfit>[0],
  value: unknown,
  caller: string,
  { what, whole } = { what: 'option', whole: 'options' },
): void {
  const misfit = findMisfit(schema, value);
  if (misfit) throw new TypeError(`${caller}: ${explainMisfit(misfit, what, whole)}`);
}
