import type { Sandbox, SandboxOptions } from 'passport-criteo/sandbox';
import { isLoopback } from '../../util/checks';
import { sandboxHelp } from '../help';
import { loadSandbox } from '../library';
import type { Terminal } from '../terminal';
import { type FlagValues, readFlags, UsageError, wholeNumber } from '../usage';
import { describeExchange, exchangeLine } from './exchange-line';
import { followExchanges } from './follow-exchanges';

/** The flags of the command. */
export const sandboxFlags = {
  port: { type: 'string' },
  host: { type: 'string' },
  seed: { type: 'string' },
  portfolio: { type: 'string' },
  service: { type: 'string' },
  pkce: { type: 'boolean' },
  'redirect-uri': { type: 'string', multiple: true },
  'callback-url': { type: 'string' },
  quiet: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Flags = FlagValues<typeof sandboxFlags>;

/** Fixed, so that the lines in an .env file stay right; chosen because nothing well known has it. */
const defaultPort = 4141;

/** Runs `passport-criteo sandbox` until Ctrl-C; see {@link sandboxHelp}. */
export async function sandboxCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const flags = readFlags(args, sandboxFlags);
  if (flags.help) {
    terminal.out(sandboxHelp);
    return 0;
  }
  const options = readSandboxOptions(flags);
  const sandbox = await start(options);
  try {
    const { host = '127.0.0.1' } = options;
    if (!isLoopback(host.includes(':') ? `[${host}]` : host)) {
      terminal.err(
        `Warning: with --host ${host} everyone who reaches this machine reaches the sandbox, its secrets included.\n`,
      );
    }
    terminal.out(flags.json ? `${JSON.stringify(readyEvent(sandbox, flags))}\n` : greeting(sandbox, flags));
    await followExchanges(sandbox, terminal, (exchange) => {
      if (flags.quiet) return;
      const described = describeExchange(exchange);
      terminal.out(`${flags.json ? JSON.stringify({ event: 'exchange', ...described }) : exchangeLine(described)}\n`);
    });
  } finally {
    await sandbox.close();
  }
  if (!flags.json) terminal.out('\nThe sandbox has stopped.\n');
  return 0;
}

function readSandboxOptions(flags: Flags): SandboxOptions {
  const { service = 'marketing-solutions', host, seed, pkce } = flags;
  if (service !== 'marketing-solutions' && service !== 'retail-media') {
    throw new UsageError(`--service is "${service}": it must be marketing-solutions or retail-media.`);
  }
  const redirectURIs = flags['redirect-uri'];
  const callbackURL = flags['callback-url'];
  return {
    port: wholeNumber('--port', flags.port, 0, 65_535) ?? defaultPort,
    portfolio: wholeNumber('--portfolio', flags.portfolio, 0, 1000),
    ...(host !== undefined && { host }),
    ...(seed !== undefined && { seed }),
    app: { service, ...(pkce && { pkce }), ...(redirectURIs && { redirectURIs }), ...(callbackURL && { callbackURL }) },
  };
}

/** The flags for the options that the sandbox names in its errors. */
const flagOf: readonly (readonly [option: string, flag: string])[] = [
  ['app.callbackURL', '--callback-url'],
  ['app.redirectURIs', '--redirect-uri'],
  ['app.service', '--service'],
  ['app.pkce', '--pkce'],
  ['portfolio', '--portfolio'],
  ['host', '--host'],
  ['port', '--port'],
  ['seed', '--seed'],
];

async function start(options: SandboxOptions): Promise<Sandbox> {
  try {
    return await loadSandbox().createSandbox(options);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const named = flagOf.reduce((text, [option, flag]) => text.replaceAll(`\`${option}\``, flag), error.message);
    const message = named.replace(/^createSandbox: (option )?/, '');
    throw error instanceof TypeError ? new UsageError(message) : new Error(message, { cause: error });
  }
}

/** The variables that point the example, `passport-criteo check` and your app to the sandbox. */
function variables({ app, endpoints }: Sandbox, { service, pkce }: Flags): Record<string, string> {
  return {
    CRITEO_CLIENT_ID: app.clientID,
    CRITEO_CLIENT_SECRET: app.clientSecret,
    CRITEO_SIGNING_KEY: app.signingKey,
    CRITEO_SIGNING_SECRET: app.signingSecret,
    CRITEO_API_URL: endpoints.apiURL,
    CRITEO_AUTHORIZATION_URL: endpoints.authorizationURL,
    ...(service !== undefined && { CRITEO_SERVICE: service }),
    ...(pkce && { CRITEO_PKCE: 'true' }),
  };
}

function greeting(sandbox: Sandbox, flags: Flags): string {
  const lines = Object.entries(variables(sandbox, flags)).map(([name, value]) => `${name}=${quoted(value)}`);
  return `The Criteo sandbox is at ${sandbox.url} (open it in a browser). Ctrl-C stops it.

For your .env file:

${lines.join('\n')}

`;
}

/** A value as an .env file has it: in quotes if it has characters that mean something there. */
function quoted(value: string): string {
  return /^[\w.~:/?&=+@%-]*$/.test(value) ? value : `'${value}'`;
}

function readyEvent(sandbox: Sandbox, flags: Flags): object {
  return { event: 'ready', url: sandbox.url, env: variables(sandbox, flags) };
}
