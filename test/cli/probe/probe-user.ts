import type { Sandbox } from 'passport-criteo/sandbox';
import { probeSteps } from '../../../lib/cli/probe/probe-command';
import type { ProbeReport } from '../../../lib/cli/report';
import { environment, RunningCommand } from '../support';
import { browse } from '../user';

/** How a user goes through the probe. */
export interface ProbeUser {
  /** The steps to agree to; default: all. */
  readonly steps?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The id of the other user, for the step that needs one. */
  readonly colleague?: string;
  /** If true, the user approves where they are told to deny. */
  readonly stubborn?: boolean;
  /** What happens to the callback on the way. */
  readonly follow?: (callback: URL) => void;
  /** Is told each text that is printed. */
  readonly onText?: (text: string, command: RunningCommand) => void;
}

/** Runs the probe with a user who reads what is printed, and does what it says. */
export async function runProbe(
  sandbox: Sandbox,
  callbackURL: string,
  { steps, args = [], env = {}, follow = () => {}, onText, stubborn, colleague }: ProbeUser,
) {
  let step = '';
  let denies = false;
  let page = '';
  const { signingKey, signingSecret } = sandbox.app;
  const signing = { CRITEO_SIGNING_KEY: signingKey, CRITEO_SIGNING_SECRET: signingSecret };
  const read = async (text: string, command: RunningCommand): Promise<void> => {
    step = probeSteps.find(({ id }) => text.startsWith(`\n${id}: `))?.id ?? step;
    if (text.startsWith('On the page that opens') || text.startsWith('As the same user'))
      denies = text.includes('deny');
    onText?.(text, command);
    // Into a private window: nothing is opened.
    const [, url] = /^\n {2}(http\S+)\n/.exec(text) ?? [];
    if (url !== undefined && step === 'consent-by-colleague') await visit(url, command);
    if (text.includes('[c/e/s]')) command.type((await browse(page)).status === 200 ? 'c' : 'e');
    if (text.includes('Is it revoked?')) await sandbox.revoke();
    if (text.includes('[y/N]')) command.type(!text.startsWith('Do it?') || (steps?.includes(step) ?? true) ? 'y' : 'n');
  };
  const visit = async (url: string, command: RunningCommand): Promise<void> => {
    page = url;
    if (command.interrupted) return;
    // Signed URLs are only looked at, but for the one that is denied.
    if (new URL(url).searchParams.has('signature') && !denies) return;
    const decision = denies && !stubborn ? 'deny' : 'approve';
    denies = false;
    const user = step === 'consent-by-colleague' ? colleague : undefined;
    const callback = await sandbox[decision](url, { user }).catch(() => undefined);
    if (callback === undefined) return command.type('e');
    const followed = new URL(callback);
    follow(followed);
    await browse(followed.href);
  };
  const running: RunningCommand = new RunningCommand(['check', '--probe', '--json', ...args], {
    env: { ...environment(sandbox, callbackURL), ...signing, ...env },
    onText: read,
    visit: (url) => visit(url, running),
    onSleep: (milliseconds) => sandbox.advance(milliseconds),
  });
  const exitStatus = await running.end();
  const report = running.printed === '' ? undefined : (JSON.parse(running.printed) as ProbeReport);
  const settled = Object.fromEntries(
    (report?.steps ?? []).flatMap(({ settled }) => settled.map(({ row, variant }) => [row, variant])),
  );
  const state = (id: string) => report?.steps.find((each) => each.id === id);
  return Object.assign(running, { exitStatus, report, settled, state });
}
