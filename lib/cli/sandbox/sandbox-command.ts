import { once } from 'node:events';
import { parseEnv } from 'node:util';
import type { Sandbox, SandboxApp, SandboxRequest } from 'passport-criteo/sandbox';
import { isLoopback } from '../../util/option-checks';
import { foreignText } from '../../util/redaction';
import { sandboxHelp } from '../help';
import { loadSandbox } from '../library';
import type { Terminal } from '../terminal';
import { readFlags } from '../usage';
import { readSandboxOptions, sandboxFlags, startSandbox } from './sandbox-options';

/** Runs `passport-criteo sandbox` until Ctrl-C; see {@link sandboxHelp}. */
export async function sandboxCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const flags = readFlags(args, sandboxFlags);
  if (flags.help) {
    terminal.out(sandboxHelp);
    return 0;
  }
  const options = readSandboxOptions(flags);
  const sandbox = await startSandbox(options);
  try {
    const { host = '127.0.0.1', publicURL } = options;
    if (!isLoopback(host.includes(':') ? `[${host}]` : host)) terminal.err(warning(host, publicURL));
    terminal.out(flags.json ? `${JSON.stringify(readyEvent(sandbox))}\n` : greeting(sandbox));
    if (!flags.quiet) sandbox.onExchange((request) => terminal.out(`${describe(request, sandbox, flags.json)}\n`));
    if (!terminal.signal.aborted) await once(terminal.signal, 'abort');
  } finally {
    await sandbox.close();
  }
  if (!flags.json) terminal.out('\nThe sandbox has stopped.\n');
  return 0;
}

function warning(host: string, publicURL: string | undefined): string {
  const open = `Warning: with --host ${host} everyone who reaches this machine reaches the sandbox, its secrets included.\n`;
  if (publicURL !== undefined) return open;
  return `${open}It accepts requests to localhost only: for a container or another machine, pass --public-url too.\n`;
}

/** The variables that point the example, `passport-criteo check` and your app to an app of the sandbox. */
function variables({ endpoints }: Sandbox, { credentials, service, pkce }: SandboxApp): Record<string, string> {
  return {
    CRITEO_CLIENT_ID: credentials.clientID,
    CRITEO_CLIENT_SECRET: credentials.clientSecret,
    CRITEO_SIGNING_KEY: credentials.signingKey,
    CRITEO_SIGNING_SECRET: credentials.signingSecret,
    CRITEO_API_URL: endpoints.apiURL,
    CRITEO_AUTHORIZATION_URL: endpoints.authorizationURL,
    CRITEO_SERVICE: service,
    CRITEO_PKCE: String(pkce),
  };
}

function greeting(sandbox: Sandbox): string {
  const blocks = sandbox.apps.map((app) => {
    const title = `For your .env file${sandbox.apps.length > 1 ? `, the app "${foreignText(app.name)}"` : ''}:`;
    const lines = Object.entries(variables(sandbox, app)).map(([name, value]) => `${name}=${quoted(value)}`);
    return `${title}\n\n${lines.join('\n')}\n\n`;
  });
  return `The Criteo sandbox is at ${sandbox.url} (open it in a browser). Ctrl-C stops it.\n\n${blocks.join('')}`;
}

/** A value as an .env file has it: in quotes if it has characters that mean something there. */
function quoted(value: string): string {
  if (/^[\w.~:/?&=+@%-]*$/.test(value)) return value;
  // Not every value fits into every kind of quotes: between "…", for example, \n is a line end.
  const spellings = [`'${value}'`, `"${value}"`, `\`${value}\``, value];
  return spellings.find((text) => parseEnv(`NAME=${text}`)['NAME'] === value) ?? `'${value}'`;
}

function readyEvent(sandbox: Sandbox): object {
  const [env, ...others] = sandbox.apps.map((app) => variables(sandbox, app));
  return { event: 'ready', url: sandbox.url, env, otherApps: others };
}

/** One exchange as one line, for people or as JSON; secrets are masked. */
function describe(request: SandboxRequest, { apps }: Sandbox, json = false): string {
  const { describeRequest, describeResult, maskRequest } = loadSandbox();
  if (json) return JSON.stringify({ event: 'exchange', ...maskRequest(request) });
  const { direction, method, path, time, app } = request;
  const where = direction === 'out' ? `to ${path.split('?', 1)[0]}` : path;
  const name =
    apps.length > 1 ? apps.find(({ keys }) => keys.some(({ clientID }) => clientID === app))?.name : undefined;
  const words = [
    new Date(time).toISOString().slice(11, 19),
    `${describeRequest(request)}: ${describeResult(request)}`,
    `(${method} ${where}${name === undefined ? '' : `, ${name}`})`,
  ];
  return foreignText(words.join('  '), [], 500) ?? '';
}
