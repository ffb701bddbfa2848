import type { TokenSet } from 'passport-criteo';
import { defaults } from '../util/option-checks';
import { checks, runChecks, settledByLogin } from './check/run-checks';
import { readVariables } from './env-file';
import { checkHelp } from './help';
import { CallbackServer } from './login/callback-server';
import { createStrategy } from './login/consent-round';
import { runLogin } from './login/run-login';
import { NewFile } from './new-file';
import { type CheckResult, Output } from './output';
import { probe } from './probe/probe-command';
import { type CheckSettings, defaultCallbackURL, readSettings } from './settings';
import type { Terminal } from './terminal';
import { type FlagValues, readFlags, UsageError, wholeNumber } from './usage';

/** The flags of the command. */
export const checkFlags = {
  'env-file': { type: 'string' },
  'callback-url': { type: 'string' },
  'api-version': { type: 'string' },
  'api-url': { type: 'string' },
  'authorization-url': { type: 'string' },
  login: { type: 'boolean' },
  probe: { type: 'boolean' },
  'no-open': { type: 'boolean' },
  timeout: { type: 'string' },
  'print-tokens': { type: 'boolean' },
  save: { type: 'string' },
  report: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Flags = FlagValues<typeof checkFlags>;

/** Runs `passport-criteo check`; see {@link checkHelp}. */
export async function checkCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const flags = readFlags(args, checkFlags);
  if (flags.help) {
    terminal.out(checkHelp);
    return 0;
  }
  refuseContradictions(flags);
  const settings = readSettings(readVariables(terminal.env, flags['env-file']), flags);
  const patience = 1000 * (wholeNumber('--timeout', flags.timeout, 1, 86_400) ?? 600);
  const output = new Output(terminal, flags.json === true);
  if (flags.login || flags.probe) {
    refuseMixedEndpoints(settings);
    // A mistake in the options of the strategy shows before anything else is done.
    createStrategy(settings);
  }
  if (flags.probe)
    return probe({ settings, terminal, output, patience, open: !flags['no-open'], report: flags.report });
  return check(flags, settings, terminal, output, patience);
}

async function check(
  flags: Flags,
  settings: CheckSettings,
  terminal: Terminal,
  output: Output,
  patience: number,
): Promise<number> {
  // Both are opened before anything is asked of Criteo or the user: a mistake here shows at once.
  const server = flags.login ? await CallbackServer.open(settings.callbackURL ?? defaultCallbackURL) : undefined;
  let file: NewFile | undefined;
  const results: CheckResult[] = [];
  let tokens: TokenSet | undefined;
  let saved = false;
  try {
    file = flags.save === undefined ? undefined : await NewFile.create(flags.save, '--save', 0o600);
    output.say(introduction(settings));
    const onResult = (result: CheckResult): void => output.result(result);
    results.push(...(await runChecks(settings, terminal, onResult, flags.login ? settledByLogin : [])));
    if (!terminal.signal.aborted && server) {
      const blocker = results.find(({ id, result }) => ['reach', 'credentials'].includes(id) && result === 'wrong');
      if (blocker) {
        const skipped = { id: 'login', what: 'Login', result: 'skipped', seen: `first fix "${blocker.what}"` } as const;
        results.push(skipped);
        output.result(skipped);
      } else {
        const open = !flags['no-open'];
        const onTokens = async (newest: TokenSet): Promise<void> => {
          tokens = newest;
          if (!file) return;
          const failure = await file.write(`${JSON.stringify(newest)}\n`).catch((reason: Error) => reason);
          saved = failure === undefined;
          if (failure === undefined) return;
          // The login goes on: with --print-tokens, its tokens are not lost.
          const unsaved = {
            id: 'save',
            what: 'Tokens',
            result: 'wrong',
            seen: `not saved: ${failure.message}`,
          } as const;
          results.push(unsaved);
          output.result(unsaved);
        };
        const report = await runLogin({ settings, terminal, output, server, open, patience, onResult, onTokens });
        results.push(...report.results);
      }
    }
  } catch (error) {
    if (!terminal.signal.aborted) throw error;
  } finally {
    await Promise.all([server?.close(), file?.close()]);
  }
  const stopped = terminal.signal.aborted;
  const status = stopped || results.some(({ result }) => result === 'wrong') ? 1 : 0;
  if (stopped) output.say(describeStop(flags, results, tokens, saved));
  if (saved) output.say(`The tokens are in ${flags.save}, which only you can read.`);
  if (output.json) {
    const { apiURL, service, apiVersion } = settings;
    const printed = flags['print-tokens'] && tokens ? { tokens } : {};
    output.document({
      command: 'check',
      apiURL,
      service,
      apiVersion,
      stopped,
      results,
      ...printed,
      exitStatus: status,
    });
    return status;
  }
  output.summary(results);
  if (flags['print-tokens'] && tokens) output.say(`\nThe tokens, which are secrets:\n${JSON.stringify(tokens)}`);
  return status;
}

function refuseContradictions(flags: Flags): void {
  if (flags.login && flags.probe) throw new UsageError('--login and --probe are two commands: choose one.');
  const needs = (flag: keyof Flags, ...modes: ('login' | 'probe')[]): void => {
    if (flags[flag] === undefined || modes.some((mode) => flags[mode])) return;
    throw new UsageError(`--${flag} only goes with ${modes.map((mode) => `--${mode}`).join(' or ')}.`);
  };
  needs('save', 'login');
  needs('print-tokens', 'login');
  needs('report', 'probe');
  needs('no-open', 'login', 'probe');
  needs('timeout', 'login', 'probe');
}

/** With a sandbox for the API only, the user would be sent to Criteo's own consent page with the sandbox's client id. */
function refuseMixedEndpoints({ apiURL, authorizationURL }: CheckSettings): void {
  const [api, consent] = [apiURL !== defaults.apiURL, authorizationURL !== defaults.authorizationURL];
  if (api === consent) return;
  const [set, unset] = api
    ? ['CRITEO_API_URL', 'CRITEO_AUTHORIZATION_URL']
    : ['CRITEO_AUTHORIZATION_URL', 'CRITEO_API_URL'];
  throw new UsageError(`${set} is set, but ${unset} is not: consent and tokens must come from the same place.`);
}

/** Says which app is checked where. */
export function introduction({ apiURL, service, apiVersion, clientID }: CheckSettings): string {
  return `Criteo at ${apiURL}, ${service}, API version ${apiVersion}, client id ${clientID}\n`;
}

function describeStop(
  flags: Flags,
  results: readonly CheckResult[],
  tokens: TokenSet | undefined,
  saved: boolean,
): string {
  const done = [...results.map(({ id }) => id), ...(flags.login ? settledByLogin : [])];
  const undone = checks.flatMap(({ id, what }) => (done.includes(id) ? [] : [what]));
  const lines = undone.length > 0 ? [`\nStopped. Not checked: ${undone.join(', ')}.`] : ['\nStopped.'];
  if (flags.login && !tokens) {
    lines.push(
      'There was no login. If you approved already, the consent stands until it is revoked at consent.criteo.com.',
    );
  }
  if (tokens && !saved) {
    lines.push(
      'The login was done and its tokens are forgotten; the consent stands until it is revoked at consent.criteo.com.',
    );
  }
  return lines.join('\n');
}
