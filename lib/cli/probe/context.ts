import type { TokenSet } from 'passport-criteo';
import { unlessAborted } from '../../util/abort-signal';
import { isRecord } from '../../util/json';
import { portfolioPath } from '../check/context';
import type { CallbackServer } from '../login/callback-server';
import { consentRound, createStrategy, type RoundResult, showConsentURL } from '../login/consent-round';
import { driveStrategy } from '../login/drive-strategy';
import type { Output } from '../output';
import { type Reply, sendRequest } from '../request';
import { type CheckSettings, defaultCallbackURL } from '../settings';
import type { Terminal } from '../terminal';
import type { Answers } from './answers';
import { RecordingStore } from './recording-store';

/** What a step found out about one row of the table of unknown facts. */
export interface Settled {
  /** The name of the unknown fact. */
  readonly row: string;
  /** The variant of the table; `other` if it is none of them. */
  readonly variant: string;
}

/** What a step found out. */
export interface StepFinding {
  readonly settled: readonly Settled[];
  /** What was seen, without secrets and names. */
  readonly seen: readonly string[];
}

/** One step of the probe. */
export interface ProbeStep {
  readonly id: string;
  readonly question: string;
  /** What may go wrong for the app and the user, said before the step is agreed to. */
  readonly risk: string;
  /** The rows of the table that it can settle. */
  readonly rows: readonly string[];
  /** Returns why the step cannot run now; undefined if it can. */
  readonly obstacle?: (context: ProbeContext) => string | undefined;
  readonly run: (context: ProbeContext) => Promise<StepFinding>;
}

/** What the steps share. */
export interface ProbeContext {
  readonly settings: CheckSettings;
  readonly terminal: Terminal;
  readonly output: Output;
  readonly server: CallbackServer;
  readonly answers: Answers;
  readonly open: boolean;
  /** Milliseconds to wait for the user. */
  readonly patience: number;
  /** Everything that must not be in the report. */
  readonly secrets: Set<string>;
  /** The newest tokens of a login. */
  tokens?: TokenSet;
  /** The advertisers (accounts) of the first consent. */
  shared?: readonly string[];
  /** If true, the token endpoint refused the code of the step "consent". */
  exchangeRefused?: boolean;
  /** If true, Criteo showed an error page when consent was given again, so that steps with another consent cannot run. */
  noSecondConsent?: boolean;
}

/** Makes a finding. */
export function found(settled: Readonly<Record<string, string>>, ...seen: string[]): StepFinding {
  return { settled: Object.entries(settled).map(([row, variant]) => ({ row, variant })), seen };
}

/** Returns a word of Criteo's as it is, and says of anything else only how long it is: it may hold names. */
export function word(value: unknown): string {
  if (typeof value !== 'string') return value === undefined ? 'nothing' : `a ${value === null ? 'null' : typeof value}`;
  return /^[\w.-]{1,64}$/.test(value) ? value : `a text of ${value.length} characters`;
}

/** The obstacle of steps that use the tokens of an earlier login. */
export function needsTokens({ tokens }: ProbeContext): string | undefined {
  return tokens?.refreshToken === undefined ? 'it needs the refresh token of the step "consent"' : undefined;
}

/** The obstacle of steps that need one more consent. */
export function needsConsent({ noSecondConsent }: ProbeContext): string | undefined {
  return noSecondConsent
    ? 'it needs another consent, and Criteo showed an error page at the second one; revoke the first and run the probe again'
    : undefined;
}

/** Sends a token request as it is, and remembers every secret in it and in its response. */
export async function requestToken(
  { settings, terminal, secrets }: ProbeContext,
  form: Readonly<Record<string, string>>,
  client: { readonly clientID: string; readonly clientSecret: string | undefined } = settings,
): Promise<Reply> {
  const { clientID, clientSecret } = client;
  const credentials = { client_id: clientID, ...(clientSecret !== undefined && { client_secret: clientSecret }) };
  for (const name of ['code', 'code_verifier', 'refresh_token']) secrets.add(form[name] ?? '');
  if (clientSecret) secrets.add(clientSecret);
  const url = `${settings.apiURL}/oauth2/token`;
  const reply = await sendRequest(url, { form: { ...form, ...credentials }, signal: terminal.signal });
  for (const name of ['access_token', 'refresh_token']) secrets.add(textField(reply, name) ?? '');
  return reply;
}

/** Asks for the portfolio. */
export function requestPortfolio(
  { settings, terminal }: ProbeContext,
  accessToken: string,
  query = '',
): Promise<Reply> {
  const url = `${settings.apiURL}/${settings.apiVersion}/${portfolioPath(settings)}${query}`;
  return sendRequest(url, { headers: { authorization: `Bearer ${accessToken}` }, signal: terminal.signal });
}

/** A field of a JSON response, if it is text. */
export function textField({ json }: Reply, name: string): string | undefined {
  const value = isRecord(json) ? json[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** The ids of the portfolio in a response; undefined if there is no portfolio in it. */
export function itemIds({ status, json }: Reply): string[] | undefined {
  const data = isRecord(json) ? json['data'] : undefined;
  if (status !== 200 || !Array.isArray(data)) return undefined;
  return data.map((item: unknown) => String(isRecord(item) ? item['id'] : item));
}

/** The form that exchanges a code. */
export function exchangeForm(context: ProbeContext, code: string, verifier: string | undefined) {
  const redirect_uri = context.settings.callbackURL ?? defaultCallbackURL;
  const pkce = verifier === undefined ? {} : { code_verifier: verifier };
  return { grant_type: 'authorization_code', code, redirect_uri, ...pkce };
}

/** Describes a token response in words that may be shown. */
export function describeReply(reply: Reply): string {
  return reply.status === 200 ? 'accepted' : `refused with ${reply.status} ${word(textField(reply, 'error'))}`;
}

/** Keeps the tokens of a login, and their secrets out of the report. */
export function keepTokens(context: ProbeContext, tokens: TokenSet): void {
  context.tokens = tokens;
  for (const secret of [tokens.accessToken, tokens.refreshToken]) if (secret !== undefined) context.secrets.add(secret);
}

/** Returns an access token that is valid for some minutes, refreshed if necessary. */
export async function liveAccessToken(context: ProbeContext): Promise<string> {
  const { tokens } = context;
  if (!tokens) throw new Error('There are no tokens');
  if (tokens.expiresAt > Date.now() + 180_000 || tokens.refreshToken === undefined) return tokens.accessToken;
  const refresh = createStrategy(context.settings).refresh(tokens.refreshToken);
  const fresh = await unlessAborted(refresh, context.terminal.signal);
  keepTokens(context, { ...fresh, refreshToken: fresh.refreshToken ?? tokens.refreshToken });
  return fresh.accessToken;
}

/** Why no callback came. */
export type NoCallback = 'error-page' | 'no-callback';

/** A login that a step watches. */
export interface WatchedLogin extends RoundResult {
  /** The PKCE verifier, if there is one. */
  readonly verifier: string | undefined;
}

/** Runs one login through the real strategy, and listens for the user who sees an error page instead. */
export async function watchLogin(context: ProbeContext): Promise<WatchedLogin | NoCallback> {
  const store = new (RecordingStore())();
  const strategy = createStrategy(context.settings, store);
  const round = await unlessErrorPage(context, (signal) => consentRound(strategy, context, signal));
  if (typeof round === 'string') return round;
  for (const secret of [round.parameters['code'], round.state, store.verifier]) {
    if (secret !== undefined) context.secrets.add(secret);
  }
  return { ...round, verifier: store.verifier };
}

/** Starts a login with the real strategy, and returns the callback's parameters instead of finishing it. */
export async function watchConsent(
  context: ProbeContext,
  extra: Readonly<Record<string, string>> = {},
): Promise<{ parameters: Readonly<Record<string, string>>; verifier: string | undefined } | NoCallback> {
  const store = new (RecordingStore())();
  const strategy = createStrategy(context.settings, store);
  const started = await driveStrategy(strategy, { method: 'GET', url: '/', headers: {}, query: {}, session: {} });
  if (started.kind !== 'redirect') throw new Error('The login did not start');
  const url = new URL(started.url);
  for (const [name, value] of Object.entries(extra)) url.searchParams.set(name, value);
  const parameters = await watchRedirect(context, url.href);
  return typeof parameters === 'string' ? parameters : { parameters, verifier: store.verifier };
}

/** Sends the user to a page of Criteo's, and returns the parameters with which they come back. */
export function watchRedirect(
  context: ProbeContext,
  url: string,
): Promise<Readonly<Record<string, string>> | NoCallback> {
  const { server, terminal, output, open, secrets } = context;
  showConsentURL(url, terminal, output, open);
  return unlessErrorPage(context, (signal) =>
    server.next(signal, async ({ parameters }) => {
      for (const name of ['code', 'state']) secrets.add(parameters[name] ?? '');
      return { page: { title: 'Received', text: 'Go back to the terminal.' }, result: parameters };
    }),
  );
}

async function unlessErrorPage<T>(
  { answers, terminal, output, patience }: ProbeContext,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T | NoCallback> {
  const errorPage = new AbortController();
  const done = new AbortController();
  const late = AbortSignal.timeout(patience);
  output.say('If Criteo shows an error page instead of the consent page, type e and Enter.');
  const listening = (async () => {
    for (;;) {
      const line = await answers.line(done.signal);
      if (line === undefined) return;
      if (line.toLowerCase() === 'e') return errorPage.abort();
    }
  })();
  try {
    return await wait(AbortSignal.any([terminal.signal, late, errorPage.signal]));
  } catch (error) {
    if (terminal.signal.aborted) throw error;
    if (errorPage.signal.aborted) return 'error-page';
    if (late.aborted) return 'no-callback';
    throw error;
  } finally {
    done.abort();
    await listening;
  }
}
