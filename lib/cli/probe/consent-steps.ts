import type { Login } from 'passport-criteo';
import { loadLibrary } from '../library';
import {
  describeReply,
  found,
  itemIds,
  keepTokens,
  needsConsent,
  type ProbeContext,
  type ProbeStep,
  requestPortfolio,
  requestToken,
  type StepFinding,
  watchLogin,
  word,
} from './context';

/** A login that the user denies. */
export const denial: ProbeStep = {
  id: 'denial',
  question: 'What does the redirect carry when the user denies?',
  risk: 'None: nothing is shared. If the user has given consent before, Criteo may not offer the choice.',
  rows: ['denialError', 'denialDescription', 'stateOnError'],
  async run(context) {
    context.output.say('On the page that opens, deny.');
    const round = await watchLogin(context);
    if (typeof round === 'string') return found({}, `nothing came back: ${round}`);
    const { parameters, state, outcome } = round;
    if (outcome.kind === 'success') {
      keepTokens(context, outcome.login.tokens);
      return found({}, 'it was approved instead of denied');
    }
    const { error, error_description: description } = parameters;
    if (error === undefined) return found({}, 'the callback carried no error');
    const strategy = outcome.kind === 'fail' ? `failed with ${outcome.code}` : `ended with ${outcome.kind}`;
    return found(
      {
        denialError: denialWord(error),
        denialDescription: description === undefined ? 'none' : 'text',
        stateOnError: stateOnError(state, parameters['state']),
      },
      `error was ${word(error)}`,
      `the strategy ${strategy}`,
    );
  },
};

function denialWord(error: string): string {
  if (['access_denied', 'consent_denied'].includes(error)) return error;
  return /^[\w.-]+$/.test(error) ? 'other' : 'sentence';
}

function stateOnError(sent: string, received: string | undefined): string {
  if (received === undefined) return 'left-out';
  if (received === '') return 'empty';
  return received === sent ? 'returned' : 'altered';
}

/** How often, in milliseconds, and how many times the portfolio is asked for after the consent. */
const askEvery = 10_000;
const questions = 13;
/** After a consent the portfolio may be empty for about a minute (seen by other clients). */
const emptyFor = 70_000;

/** A login that the user approves, and the portfolio afterwards. */
export const consent: ProbeStep = {
  id: 'consent',
  question: 'Does the API list the advertisers directly after a consent?',
  risk: 'The app gets access to the test advertiser. It takes two minutes. Most other steps need this one.',
  rows: ['portfolioAfterConsent'],
  async run(context) {
    const { output, terminal } = context;
    output.say('On the page that opens, choose the test advertiser, and approve.');
    const round = await watchLogin(context);
    if (typeof round === 'string') return found({}, `nothing came back: ${round}`);
    const { outcome } = round;
    if (outcome.kind === 'fail') return found({}, `the strategy failed with ${outcome.code}`);
    if (outcome.kind !== 'success') {
      const { code } = Object(outcome.kind === 'error' ? outcome.error : undefined) as { code?: unknown };
      context.exchangeRefused = outcome.kind === 'error' && outcome.error instanceof loadLibrary().CriteoTokenError;
      return found({}, `the login ended with the error ${word(code)}`);
    }
    const { tokens } = outcome.login;
    keepTokens(context, tokens);
    const answers: (readonly string[] | undefined)[] = [];
    output.say(`The portfolio is asked for every ${askEvery / 1000} seconds, ${questions} times.`);
    for (let index = 0; index < questions; index += 1) {
      if (index > 0) await terminal.sleep(askEvery, terminal.signal);
      answers.push(itemIds(await requestPortfolio(context, tokens.accessToken)));
    }
    const shared = answers.findLast((ids) => ids !== undefined && ids.length > 0);
    if (shared) context.shared = shared;
    return describePortfolios(answers);
  },
};

function describePortfolios(answers: readonly (readonly string[] | undefined)[]): StepFinding {
  const failed = answers.filter((ids) => ids === undefined).length;
  const filled = answers.findIndex((ids) => ids !== undefined && ids.length > 0);
  const seen = failed > 0 ? [`${failed} of ${answers.length} requests gave no portfolio`] : [];
  if (filled < 0) return found({}, 'the portfolio stayed empty for two minutes', ...seen);
  if (filled === 0) return found({ portfolioAfterConsent: 'complete' }, 'the portfolio was there at once', ...seen);
  const seconds = (filled * askEvery) / 1000;
  const text = `the portfolio was empty at first, and there after ${seconds} seconds`;
  return found({ portfolioAfterConsent: 'empty-for-a-minute' }, text, ...seen);
}

/** The ids that a login shares; a portfolio that may still fill is waited for. */
async function sharedIds(context: ProbeContext, { profile, tokens }: Login): Promise<readonly string[]> {
  if (profile) return [...profile.advertisers, ...profile.accounts].map(({ id }) => id);
  const { terminal } = context;
  for (let waited = 0; waited < emptyFor; waited += askEvery) {
    await terminal.sleep(askEvery, terminal.signal);
    const ids = itemIds(await requestPortfolio(context, tokens.accessToken));
    if (ids && ids.length > 0) return ids;
  }
  return [];
}

/** A second consent by the same user. */
export const consentAgain: ProbeStep = {
  id: 'consent-again',
  question: 'What happens when a user who has already given consent goes through the flow again?',
  risk: 'The first consent may be replaced. It needs one more consent.',
  rows: ['consentAgain'],
  obstacle: (context) => needsFirstConsent(context) ?? needsConsent(context),
  async run(context) {
    const before = context.tokens?.refreshToken;
    context.output.say('As the same user, choose the same advertiser again, and approve.');
    const { finding, tokens } = await secondConsent(context, 'consentAgain');
    if (finding.settled.some(({ variant }) => variant === 'error-page')) context.noSecondConsent = true;
    if (!tokens) return finding;
    const refresh =
      before === undefined
        ? undefined
        : await requestToken(context, { grant_type: 'refresh_token', refresh_token: before });
    keepTokens(context, tokens);
    const seen = refresh ? [`the refresh token of the first consent was then ${describeReply(refresh)}`] : [];
    return { ...finding, seen: [...finding.seen, ...seen] };
  },
};

/** A consent by another user for the same advertisers. */
export const consentByColleague: ProbeStep = {
  id: 'consent-by-colleague',
  question: 'What happens when a colleague gives consent for the same advertisers?',
  risk: 'The consent of the first user may be replaced. It needs a second user of the same test advertiser.',
  rows: ['consentAgainByColleague'],
  obstacle: needsFirstConsent,
  async run(context) {
    context.output.say(
      'Copy the URL into a private window, sign in as the other user, choose the same advertiser, approve.',
    );
    return (await secondConsent({ ...context, open: false }, 'consentAgainByColleague')).finding;
  },
};

function needsFirstConsent({ shared }: ProbeContext): string | undefined {
  return shared ? undefined : 'it needs the step "consent"';
}

async function secondConsent(
  context: ProbeContext,
  row: string,
): Promise<{ finding: StepFinding; tokens?: Login['tokens'] }> {
  const round = await watchLogin(context);
  if (round === 'error-page') return { finding: found({ [row]: round }, 'Criteo showed an error page') };
  if (typeof round === 'string') return { finding: found({}, `nothing came back: ${round}`) };
  const { outcome } = round;
  if (outcome.kind !== 'success') {
    return { finding: found({}, `the callback carried the error ${word(round.parameters['error'])}`) };
  }
  const { login } = outcome;
  const again = await sharedIds(context, login);
  const first = context.shared ?? [];
  const all = first.every((id) => again.includes(id));
  const seen = `the first consent shared ${first.length}, the second one ${again.length}`;
  return { finding: found({ [row]: all ? 'works' : 'only-new' }, seen), tokens: login.tokens };
}
