import type { CriteoProfile, CriteoStrategy, Login, TokenSet } from 'passport-criteo';
import { unlessAborted } from '../../util/abort-signal';
import { foreignID, foreignText } from '../../util/redaction';
import type { CheckResult, CheckVerdict } from '../output';
import { type CheckSettings, defaultCallbackURL } from '../settings';
import { consentRound, createStrategy, type RoundResult, type RoundTools } from './consent-round';

/** How a login went. */
export interface LoginReport {
  readonly results: readonly CheckResult[];
  /** The newest tokens; undefined if there was no login. */
  readonly tokens?: TokenSet;
}

export interface LoginOptions extends RoundTools {
  readonly settings: CheckSettings;
  /** Milliseconds to wait for the user. */
  readonly patience: number;
  /** Is told each result at once. */
  readonly onResult: (result: CheckResult) => void;
  /** Keeps tokens as soon as they are there. */
  readonly onTokens: (tokens: TokenSet) => Promise<void>;
}

/** After a consent the portfolio may be empty for about a minute (seen by other clients). */
const emptyFor = 70_000;
const askEvery = 10_000;
/** How many advertisers are listed. */
const mostListed = 20;

const errorPage =
  'An error page of Criteo instead of the consent page means that it refuses the request before any decision, and that nothing comes back here: the redirect URI is not registered letter for letter, the client id is unknown, or PKCE is on in the portal and off here (or the other way round).';

/** Runs one real login: consent, callback, portfolio, one refresh. */
export async function runLogin(options: LoginOptions): Promise<LoginReport> {
  const { settings, output, terminal, patience } = options;
  const results: CheckResult[] = [];
  const tell = (id: string, what: string, result: CheckVerdict, seen: string, advice?: string): void => {
    const entry = { id, what, result, seen, ...(advice !== undefined && { advice }) };
    results.push(entry);
    options.onResult(entry);
  };
  const strategy = createStrategy(settings);
  const redirectURI = settings.callbackURL ?? defaultCallbackURL;
  output.say(`\nThe redirect URI is ${redirectURI}. ${errorPage}`);
  output.say('\nOpen this page, and approve as a user who may consent:');
  const late = AbortSignal.timeout(patience);
  let round: RoundResult;
  try {
    round = await consentRound(strategy, options, AbortSignal.any([terminal.signal, late]));
  } catch (error) {
    if (terminal.signal.aborted || !late.aborted) throw error;
    tell('login', 'Login', 'wrong', `no callback came within ${Math.round(patience / 1000)} seconds`, errorPage);
    return { results };
  }
  const { outcome } = round;
  if (outcome.kind !== 'success') {
    tell('login', 'Login', 'wrong', ...describeFailure(round));
    return { results };
  }
  const { login } = outcome;
  await options.onTokens(login.tokens);
  const extra = Object.keys(round.parameters).filter((name) => !['code', 'state'].includes(name));
  tell(
    'login',
    'Login',
    'ok',
    `the redirect URI is registered, and the callback brought a code and the state${differences(extra.map(surprising))}`,
  );
  tell('token-response', 'Token response', ...describeTokens(login));

  tell('portfolio', 'Portfolio', ...describePortfolio(await portfolio(strategy, login, options), settings));

  const { refreshToken } = login.tokens;
  if (refreshToken === undefined) {
    tell('refresh', 'Refresh', 'skipped', 'there is no refresh token');
    return { results, tokens: login.tokens };
  }
  try {
    const fresh = await unlessAborted(strategy.refresh(refreshToken), terminal.signal);
    const tokens = { ...fresh, refreshToken: fresh.refreshToken ?? refreshToken };
    await options.onTokens(tokens);
    tell('refresh', 'Refresh', 'ok', `works; ${describeRotation(refreshToken, fresh.refreshToken)}`);
    return { results, tokens };
  } catch (error) {
    if (terminal.signal.aborted) throw error;
    tell('refresh', 'Refresh', 'wrong', messageOf(error));
    return { results, tokens: login.tokens };
  }
}

/** Returns the portfolio, or the error. An empty one is asked for again while it may still fill. */
async function portfolio(
  strategy: CriteoStrategy,
  { tokens, profile, profileError }: Login,
  { terminal, output }: LoginOptions,
): Promise<CriteoProfile | Error> {
  let found = profile ?? asError(profileError);
  for (let waited = 0; isEmpty(found) && waited < emptyFor; waited += askEvery) {
    if (waited === 0) output.say('The portfolio is empty, as it may be for a minute after a consent. Asking again …');
    await terminal.sleep(askEvery, terminal.signal);
    found = await unlessAborted(fetchPortfolio(strategy, tokens.accessToken), terminal.signal);
  }
  return found;
}

function fetchPortfolio(strategy: CriteoStrategy, accessToken: string): Promise<CriteoProfile | Error> {
  return new Promise((resolve) => {
    strategy.userProfile(accessToken, (error, profile) => resolve(profile ?? asError(error)));
  });
}

function isEmpty(found: CriteoProfile | Error): boolean {
  return found instanceof Error && 'code' in found && found.code === 'no_advertisers';
}

function describeFailure({ outcome, parameters }: RoundResult): [seen: string, advice?: string] {
  const word = foreignText(parameters['error'], [], 64);
  if (outcome.kind === 'fail' && word !== undefined) {
    const state = parameters['state'] === undefined ? ', without the state' : '';
    return [
      `Criteo sent the user back with error=${word}${state}; the strategy says ${outcome.code}`,
      'Approve next time.',
    ];
  }
  if (outcome.kind === 'fail') return [`${outcome.code}: ${outcome.message}`];
  if (outcome.kind === 'error') return [outcome.error.message];
  return [`the strategy ended with ${outcome.kind}`];
}

/** Compares a token response with what Criteo documents. */
function describeTokens({ tokens, params }: Login): [CheckVerdict, seen: string, advice?: string] {
  const known = ['access_token', 'token_type', 'expires_in', 'refresh_token'];
  const odd = [
    ...(params['expires_in'] === 900 ? [] : [`expires_in is ${foreignText(String(params['expires_in']), [], 20)}`]),
    ...(params['token_type'] === 'Bearer' ? [] : ['token_type is not spelled Bearer']),
    ...Object.keys(params)
      .filter((name) => !known.includes(name))
      .map(surprising),
  ];
  if (tokens.refreshToken === undefined) {
    const advice = 'Without one, the connection ends after 15 minutes. Criteo documents one: ask its support.';
    return ['wrong', `there is no refresh token${differences(odd)}`, advice];
  }
  const seconds = Math.round((tokens.expiresAt - tokens.obtainedAt) / 1000);
  return ['ok', `an access token for ${seconds} seconds, a refresh token${differences(odd)}`];
}

function describePortfolio(
  found: CriteoProfile | Error,
  { service }: CheckSettings,
): [CheckVerdict, seen: string, advice?: string] {
  if (isEmpty(found)) {
    return ['unknown', 'it is empty', 'Was nothing ticked on the consent page? Otherwise ask again in some minutes.'];
  }
  if (found instanceof Error) {
    const other = service === 'retail-media' ? 'marketing-solutions' : 'retail-media';
    return ['wrong', found.message, `If the app belongs to the other service, set CRITEO_SERVICE=${other}.`];
  }
  const all = [...found.advertisers, ...found.accounts];
  const listed = all
    .slice(0, mostListed)
    .map(({ id, name }) => `${foreignID(id, []) ?? '(odd id)'} ${foreignText(name) ?? '(no name)'}`);
  const more = all.length > mostListed ? `, and ${all.length - mostListed} more` : '';
  const what = service === 'retail-media' ? 'account' : 'advertiser';
  return ['ok', `${all.length} ${what}${all.length === 1 ? '' : 's'}: ${listed.join(', ')}${more}`];
}

function describeRotation(before: string, after: string | undefined): string {
  if (after === undefined) return 'no refresh token came back, so the old one stays';
  return after === before
    ? 'the same refresh token came back'
    : 'a new refresh token came back; it replaces the old one';
}

function differences(odd: readonly string[]): string {
  return odd.length > 0 ? `; different from what is documented: ${odd.join(', ')}` : '';
}

function surprising(name: string): string {
  return `there is a parameter ${foreignText(name, [], 40)}`;
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason ?? 'The portfolio was not fetched'));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
