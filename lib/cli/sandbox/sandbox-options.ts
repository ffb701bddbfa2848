import { readFileSync } from 'node:fs';
import type { Sandbox, SandboxAppOptions, SandboxOptions, Variants } from 'passport-criteo/sandbox';
import { withoutMark } from '../../util/json';
import { loadSandbox } from '../library';
import { type FlagValues, UsageError, wholeNumber } from '../usage';

/** The flags of the command. */
export const sandboxFlags = {
  port: { type: 'string' },
  host: { type: 'string' },
  'public-url': { type: 'string' },
  seed: { type: 'string' },
  portfolio: { type: 'string' },
  service: { type: 'string' },
  pkce: { type: 'boolean' },
  'redirect-uri': { type: 'string', multiple: true },
  'callback-url': { type: 'string' },
  variant: { type: 'string', multiple: true },
  config: { type: 'string' },
  quiet: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Flags = FlagValues<typeof sandboxFlags>;

/** Fixed, so that the lines in an .env file stay right. */
const defaultPort = 4300;

/**
 * Returns the options of the sandbox: those of the configuration file, and the flags, which win.
 *
 * @throws {UsageError} naming the flag or the field.
 */
export function readSandboxOptions(flags: Flags): SandboxOptions {
  const config = flags.config === undefined ? {} : readConfig(flags.config);
  const { host, seed } = flags;
  const publicURL = flags['public-url'];
  const portfolio = wholeNumber('--portfolio', flags.portfolio, 0, 1000);
  return {
    ...config,
    port: wholeNumber('--port', flags.port, 0, 65_535) ?? config.port ?? defaultPort,
    ...(host !== undefined && { host }),
    ...(publicURL !== undefined && { publicURL }),
    ...(seed !== undefined && { seed }),
    ...(portfolio !== undefined && { portfolio }),
    ...readApp(flags, config),
    variants: { ...config.variants, ...readVariants(flags.variant ?? []) },
  };
}

function readApp(flags: Flags, { app, apps }: SandboxOptions): { app?: SandboxAppOptions } {
  const { service, pkce } = flags;
  if (service !== undefined && service !== 'marketing-solutions' && service !== 'retail-media') {
    throw new UsageError(`--service is "${service}": it must be marketing-solutions or retail-media.`);
  }
  const redirectURIs = flags['redirect-uri'];
  const callbackURL = flags['callback-url'];
  const given: SandboxAppOptions = {
    ...(service && { service }),
    ...(pkce && { pkce }),
    ...(redirectURIs && { redirectURIs }),
    ...(callbackURL && { callbackURL }),
  };
  if (Object.keys(given).length === 0) return app ? { app } : {};
  if (apps && !app) {
    throw new UsageError('--service, --pkce, --redirect-uri and --callback-url are about one app: set them in "apps".');
  }
  return { app: { ...app, ...given } };
}

function readVariants(given: readonly string[]): Partial<Variants> {
  const { sandboxVariants } = loadSandbox();
  const pairs = given.map((text) => {
    const [name = '', ...value] = text.split('=');
    if (value.length === 0) throw new UsageError(`--variant ${text}: write it as NAME=VARIANT.`);
    if (Object.hasOwn(sandboxVariants, name)) return [name, value.join('=')];
    throw new UsageError(
      `--variant ${name}: there is no such fact; there are ${Object.keys(sandboxVariants).join(', ')}.`,
    );
  });
  // That the variants exist is checked by the sandbox.
  return Object.fromEntries(pairs) as Partial<Variants>;
}

function readConfig(file: string): SandboxOptions {
  const refuse = (why: string): never => {
    throw new UsageError(`--config ${file}: ${why}`);
  };
  let text = '';
  try {
    text = withoutMark(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    refuse(code === 'ENOENT' ? 'there is no such file.' : `it cannot be read (${code}).`);
  }
  try {
    return loadSandbox().readSandboxConfig(JSON.parse(text));
  } catch (error) {
    const { message } = error as Error;
    // The sandbox names the field.
    return refuse(error instanceof SyntaxError ? `it is not JSON: ${message}` : withoutCaller(message));
  }
}

/** The flags for the options that the sandbox names in its errors. */
const flagOf: readonly (readonly [option: string, flag: string])[] = [
  ['app.callbackURL', '--callback-url'],
  ['app.redirectURIs', '--redirect-uri'],
  ['publicURL', '--public-url'],
  ['portfolio', '--portfolio'],
  ['users', 'users'],
  ['host', '--host'],
  ['port', '--port'],
  ['seed', '--seed'],
];

/**
 * Starts the sandbox.
 *
 * @throws {UsageError} naming the flag that the sandbox does not accept.
 * @throws {Error} it cannot listen.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  try {
    return await loadSandbox().createSandbox(options);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const named = flagOf.reduce((text, [option, flag]) => text.replaceAll(`\`${option}\``, flag), error.message);
    const message = withoutCaller(named)
      .replace(/`app\.redirectURIs\[\d+\]`/g, '--redirect-uri')
      .replace(/`variants\.(\w+)`/g, '--variant $1')
      .replace(/^option /, '');
    throw error instanceof TypeError ? new UsageError(message) : new Error(message, { cause: error });
  }
}

/** Removes the name of the function from an error message of the sandbox: the user has called none. */
function withoutCaller(message: string): string {
  return message.replace(/^(createSandbox|The configuration of the sandbox)[:,] /, '');
}
