import { runChecks } from '../check/run-checks';
import { CallbackServer } from '../login/callback-server';
import { NewFile } from '../new-file';
import type { Output } from '../output';
import { createReport, type ReportedStep, reportAsJSON, reportAsMarkdown } from '../report';
import { NoReplyError } from '../request';
import { type CheckSettings, defaultCallbackURL } from '../settings';
import type { Terminal } from '../terminal';
import { Answers } from './answers';
import { consent, consentAgain, consentByColleague, denial } from './consent-steps';
import type { ProbeContext, ProbeStep } from './context';
import { largePages, rateLimit } from './limit-steps';
import { pkceSecret, pkceWithoutSwitch } from './pkce-steps';
import { linkDenial, signedURLCheck, signedURLLifetime } from './signed-url-steps';
import { codeReuse, keyPair, refreshTwice, revocation, wrongSecret } from './token-steps';

/**
 * In this order: the denial before any consent, because Criteo may offer no choice afterwards; steps that may end the
 * consent or the tokens as late as possible.
 */
export const probeSteps: readonly ProbeStep[] = [
  wrongSecret,
  denial,
  consent,
  largePages,
  refreshTwice,
  keyPair,
  signedURLCheck,
  signedURLLifetime,
  linkDenial,
  rateLimit,
  consentAgain,
  consentByColleague,
  pkceSecret,
  pkceWithoutSwitch,
  codeReuse,
  revocation,
];

export interface ProbeOptions {
  readonly settings: CheckSettings;
  readonly terminal: Terminal;
  readonly output: Output;
  readonly patience: number;
  readonly open: boolean;
  /** Where to write the report, without the end of the name. */
  readonly report: string | undefined;
}

/** Runs `passport-criteo check --probe`. */
export async function probe(options: ProbeOptions): Promise<number> {
  const { settings, terminal, output } = options;
  const server = await CallbackServer.open(settings.callbackURL ?? defaultCallbackURL);
  const answers = new Answers(terminal, output);
  const files: NewFile[] = [];
  try {
    if (options.report !== undefined) {
      for (const end of ['md', 'json']) files.push(await NewFile.create(`${options.report}.${end}`, '--report', 0o644));
    }
    output.say(introduction(settings));
    if (!(await answers.agrees('Is this a throwaway app, and the advertiser one for tests?'))) {
      output.say('Then nothing is done.');
      return 1;
    }
    const results = await runChecks(settings, terminal, (result) => output.result(result));
    // Whether an app with PKCE may send its secret is one of the questions.
    const needed = settings.pkce && settings.clientSecret ? ['reach'] : ['reach', 'credentials'];
    const blocker = results.find(({ id, result }) => needed.includes(id) && result === 'wrong');
    if (blocker) {
      output.say(`\nFirst fix "${blocker.what}".`);
      return 1;
    }
    const secrets = new Set([settings.clientID, settings.clientSecret ?? '', settings.secondPair?.clientSecret ?? '']);
    const context: ProbeContext = { ...options, server, answers, secrets };
    const steps = await runSteps(context);
    const report = createReport(settings, steps);
    const texts = [reportAsMarkdown(report, secrets), reportAsJSON(report, secrets)] as const;
    for (const [index, file] of files.entries()) await file.write(texts[index] ?? '');
    if (output.json) terminal.out(texts[1]);
    else terminal.out(`\n${texts[0]}`);
    if (files.length > 0) output.say(`\nThe report is in ${files.map(({ path }) => path).join(' and ')}.`);
    return terminal.signal.aborted || steps.some(({ state }) => state === 'failed') ? 1 : 0;
  } finally {
    answers.close();
    await server.close();
    for (const file of files) await file.close();
  }
}

async function runSteps(context: ProbeContext): Promise<ReportedStep[]> {
  const { terminal, output } = context;
  const reported: ReportedStep[] = [];
  for (const step of probeSteps) {
    const ended = terminal.signal.aborted ? notReached : await runStep(step, context);
    const { id, question, rows } = step;
    reported.push({ id, question, rows, ...ended });
  }
  if (terminal.signal.aborted) {
    const undone = reported.filter(({ state }) => state === 'not reached').map(({ id }) => id);
    output.say(`\nStopped. Not done: ${undone.join(', ')}.`);
    if (context.tokens)
      output.say('The consent of the test advertiser stands: revoke it at https://consent.criteo.com.');
  }
  return reported;
}

type Ended = Pick<ReportedStep, 'state' | 'settled' | 'seen'>;

const notReached: Ended = { state: 'not reached', settled: [], seen: [] };

async function runStep(step: ProbeStep, context: ProbeContext): Promise<Ended> {
  const { terminal, output, answers } = context;
  output.say(`\n${step.id}: ${step.question}`);
  const obstacle = step.obstacle?.(context);
  if (obstacle !== undefined) {
    output.say(`Skipped: ${obstacle}.`);
    return { state: 'skipped', settled: [], seen: [obstacle] };
  }
  output.say(`Risk: ${step.risk}`);
  const agreed = await answers.agrees('Do it?');
  if (terminal.signal.aborted) return notReached;
  if (!agreed) return { state: 'declined', settled: [], seen: [] };
  try {
    const finding = await step.run(context);
    for (const text of finding.seen) output.say(`Seen: ${text}.`);
    for (const { row, variant } of finding.settled) output.say(`Settled: ${row} is ${variant}.`);
    return { state: 'done', ...finding };
  } catch (error) {
    if (terminal.signal.aborted) return notReached;
    output.say(`It failed: ${error instanceof Error ? error.message : String(error)}`);
    // Other messages may hold names.
    return { state: 'failed', settled: [], seen: error instanceof NoReplyError ? [error.message] : [] };
  }
}

function introduction({ apiURL, service, apiVersion }: CheckSettings): string {
  return `This probe settles what Criteo does not document, at ${apiURL} (${service}, API version ${apiVersion}).
Every step says its risk, and is done only if you agree. The report has no secrets and no names.`;
}
