import type { CriteoStrategy, CriteoStrategyOptions, Login, StateStore } from 'passport-criteo';
import { loadLibrary } from '../library';
import type { Output } from '../output';
import { type CheckSettings, defaultCallbackURL } from '../settings';
import type { Terminal } from '../terminal';
import { UsageError } from '../usage';
import type { Callback, CallbackPage, CallbackServer, CallbackVerdict } from './callback-server';
import { driveStrategy, type StrategyOutcome } from './drive-strategy';

/** What a round of consent needs beside the strategy. */
export interface RoundTools {
  readonly server: CallbackServer;
  readonly terminal: Terminal;
  readonly output: Output;
  /** If true, the consent URL is opened in the browser as well as printed. */
  readonly open: boolean;
}

/** How a round of consent ended. */
export interface RoundResult {
  /** The parameters of the callback, as they came. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The `state` that the consent URL carried. */
  readonly state: string;
  readonly outcome: StrategyOutcome;
}

/**
 * Returns the strategy under test. Its `verify` returns the login itself, and a portfolio that cannot be fetched does not
 * lose the tokens.
 *
 * @throws {UsageError} the strategy refuses an option.
 */
export function createStrategy(settings: CheckSettings, store?: StateStore): CriteoStrategy {
  const { clientID, clientSecret, pkce, service, apiVersion, apiURL, authorizationURL } = settings;
  const { CriteoStrategy } = loadLibrary();
  const options = {
    ...{ clientID, clientSecret, pkce, service, apiVersion, apiURL, authorizationURL, store },
    callbackURL: settings.callbackURL ?? defaultCallbackURL,
    requireUserProfile: false,
  } as CriteoStrategyOptions;
  try {
    return new CriteoStrategy({ ...options, verify: (login: Login) => login as Express.User });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Sends the user to the consent page and takes the callback through the strategy. Callbacks that belong to no login
 * get a response and do not end the round, unless they carry an `error`: Criteo may leave `state` out then.
 */
export async function consentRound(
  strategy: CriteoStrategy,
  { server, terminal, output, open }: RoundTools,
  signal: AbortSignal,
): Promise<RoundResult> {
  // The session of the one user there is.
  const session = {};
  const started = await driveStrategy(strategy, { method: 'GET', url: '/', headers: {}, query: {}, session });
  if (started.kind !== 'redirect') {
    throw started.kind === 'error' ? started.error : new Error('The login did not start');
  }
  showConsentURL(started.url, terminal, output, open);
  const state = new URL(started.url).searchParams.get('state') ?? '';
  // A browser may send one callback twice at once. The strategy knows the second one no more: both share one outcome.
  const running = new Map<string, Promise<StrategyOutcome>>();
  const judge = (request: Callback['request']): Promise<StrategyOutcome> => {
    const key = `${request.method} ${request.url}`;
    const outcome =
      running.get(key) ??
      driveStrategy(strategy, Object.assign(request, { session })).finally(() => running.delete(key));
    running.set(key, outcome);
    return outcome;
  };
  return server.next(signal, async ({ request, parameters }: Callback): Promise<CallbackVerdict<RoundResult>> => {
    // The strategy would start another login, as it should in an app.
    if (!['code', 'state', 'error'].some((name) => name in parameters)) return { page: nothingBrought };
    const outcome = await judge(request);
    const page = pageFor(outcome);
    // A browser fetches ahead, and comes again.
    if (outcome.kind === 'fail' && outcome.status === 503) return { page };
    if (isForeign(outcome) && parameters['error'] === undefined && parameters['state'] !== state) {
      output.say(`A callback came that does not belong to this login (${outcome.code}). Still waiting.`);
      return { page };
    }
    return { page, result: { parameters, state, outcome } };
  });
}

const nothingBrought = { title: 'Nothing here', text: 'This address is for the way back from Criteo.' };

/** Prints the consent URL and opens it in the browser. */
export function showConsentURL(url: string, terminal: Terminal, output: Output, open: boolean): void {
  output.say(`\n  ${url}\n`);
  if (open) terminal.openBrowser(url);
}

function isForeign(outcome: StrategyOutcome): outcome is Extract<StrategyOutcome, { kind: 'fail' }> {
  return (
    outcome.kind === 'fail' &&
    ['state_missing', 'state_unknown', 'invalid_callback', 'invalid_request'].includes(outcome.code)
  );
}

function pageFor(outcome: StrategyOutcome): CallbackPage {
  const back = 'You can close this page and go back to the terminal.';
  if (outcome.kind === 'success') return { title: 'Connected', text: back };
  const why = outcome.kind === 'fail' ? outcome.message : outcome.kind === 'error' ? outcome.error.message : '';
  return { title: 'Not connected', text: `${why} ${back}`.trim() };
}
