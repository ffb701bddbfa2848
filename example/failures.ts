import {
  CriteoAPIError,
  CriteoAuthorizationError,
  CriteoTokenError,
  CriteoTransportError,
  ReauthorizationRequiredError,
} from 'passport-criteo';

/** What a person is told when something did not work, and what they can do about it. */
export interface Failure {
  status: number;
  title: string;
  text: string;
  /** The way on, home aside: another try, or that and the page where access is withdrawn. */
  action?: 'again' | 'consent';
  /** What a developer wants to know. None of it is secret, but a real app would log it rather than show it. */
  facts: { code: string; message?: string | undefined; traceId?: string | undefined };
}

type Words = Omit<Failure, 'facts'>;

/** What people share: depends on the service. */
export type Things = 'advertisers' | 'accounts';

const declined: Words = {
  status: 403,
  title: 'You declined',
  text: 'Nothing was shared and nothing has changed. If that was a slip, start again and choose Approve.',
  action: 'again',
};

const damaged: Words = {
  status: 400,
  title: 'That link does not work',
  text: 'The address that brought you here is incomplete or damaged.',
  action: 'again',
};

/** What `info.code` of the strategy's `fail` means for the person. */
const failures = (things: Things): Record<string, Words> => ({
  access_denied: declined,
  no_advertisers: {
    status: 403,
    title: `No ${things} were shared`,
    text:
      'This app needs at least one. Start again and tick one; if Criteo does not ask you any more, withdraw the ' +
      'access there first.',
    action: 'consent',
  },
  state_expired: {
    status: 400,
    title: 'That took too long',
    text: 'You have to be back from Criteo within ten minutes. Start again: it only takes a moment.',
    action: 'again',
  },
  state_missing: damaged,
  state_unknown: {
    status: 400,
    title: 'This link works only once',
    text: 'It was used already, or it belongs to another browser. Reloading the page or going back to Criteo ends here, too.',
    action: 'again',
  },
  session_missing: {
    status: 400,
    title: 'Your browser did not bring its cookie',
    text: 'Coming back from Criteo takes one cookie from this site. Allow cookies, stay in the same browser, and start again.',
    action: 'again',
  },
  user_changed: {
    status: 403,
    title: 'Your sign-in changed meanwhile',
    text:
      'You signed in, out, or under another account since this was started, perhaps in another tab. So it was stopped, ' +
      'and nothing was added to the account you use now.',
    action: 'again',
  },
  login_mismatch: {
    status: 400,
    title: 'This was started for something else',
    text: 'It came back to another page of this app than it was started for, so it was stopped.',
    action: 'again',
  },
  issuer_mismatch: {
    status: 400,
    title: 'That answer was not from Criteo',
    text: 'The answer names another sender, so it was not used.',
    action: 'again',
  },
  invalid_callback: damaged,
  login_refused: {
    status: 403,
    title: 'You cannot sign in here',
    text: 'Criteo said yes, but this app knows no account that goes with what you shared.',
    action: 'again',
  },
});

/** The page for what the strategy refused: `info` is what it gave to the callback of `authenticate` or `authorize`. */
export function refusal(info: unknown, things: Things): Failure {
  const text = (name: string) => {
    const value: unknown = typeof info === 'object' && info !== null ? Reflect.get(info, name) : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  const code = text('code') ?? 'unknown';
  // Criteo may leave the state out of an error redirect: nobody can tell whose login it was, but they did decline.
  const known = new Map(Object.entries(failures(things)));
  const words = text('error') === 'access_denied' ? declined : (known.get(code) ?? damaged);
  return { ...words, facts: { code, message: text('message') } };
}

const unreachable: Words = {
  status: 502,
  title: 'Criteo cannot be reached',
  text: 'Criteo is not answering as it should. That usually passes: try again in a few minutes.',
  action: 'again',
};

const misconfigured: Words = {
  status: 500,
  title: 'This app is not set up correctly',
  text: 'Criteo refuses the app itself. You cannot change that: please tell whoever runs it.',
};

const slow: Words = {
  ...unreachable,
  title: 'Criteo took too long',
  text: 'No answer came in time. Try again in a moment.',
};

const busy = (seconds: number): Words => ({
  ...unreachable,
  title: 'Too many requests',
  text: `Criteo asks for a break. Try again in ${seconds === 1 ? 'a second' : `${seconds} seconds`}.`,
});

const late: Words = {
  status: 401,
  title: 'That took a moment too long',
  text: 'What Criteo hands us is good for 30 seconds, and once. Start again to get a fresh one.',
  action: 'again',
};

const ended: Words = {
  status: 401,
  title: 'The connection has ended',
  text: 'Access was withdrawn, or it ran out. Give it again to go on.',
  action: 'again',
};

const withheld = (things: Things): Words => ({
  status: 403,
  title: `Criteo did not show your ${things}`,
  text: 'The access you gave is missing, or was withdrawn at once. Start again to give it anew.',
  action: 'consent',
});

type CriteoError =
  | CriteoAPIError
  | CriteoAuthorizationError
  | CriteoTokenError
  | CriteoTransportError
  | ReauthorizationRequiredError;

function isCriteoError(error: unknown): error is CriteoError {
  return (
    error instanceof CriteoTokenError ||
    error instanceof CriteoAPIError ||
    error instanceof CriteoTransportError ||
    error instanceof CriteoAuthorizationError ||
    error instanceof ReauthorizationRequiredError
  );
}

/** Whether nothing but a new consent can help: it was withdrawn, or it ran out. */
export function isLost(error: unknown): boolean {
  return isCriteoError(error) && error.reauthorize;
}

/** When an error came: as somebody came back from Criteo, or later, and what they share there. */
export interface Occasion {
  comingBack: boolean;
  things: Things;
}

// The errors' flags say what can be done; the code is only asked where the words are worth it.
function wordsFor(error: CriteoError, { comingBack, things }: Occasion): Words {
  if (error.reauthorize && !comingBack) return ended;
  if (error.reauthorize) return error instanceof CriteoTokenError ? late : withheld(things);
  if (error.retryAfter) return busy(error.retryAfter);
  if (error.code === 'timeout') return slow;
  return error.retryable || error instanceof CriteoTransportError ? unreachable : misconfigured;
}

/** The page for an error, of passport-criteo or of anything else. */
export function mishap(error: unknown, occasion: Occasion): Failure {
  if (isCriteoError(error)) {
    const { code, status, message, traceId } = error;
    return { ...wordsFor(error, occasion), status, facts: { code, message, traceId } };
  }
  return {
    status: 500,
    title: 'Something broke on our side',
    text: 'That was not your fault. Try again, and tell whoever runs this app if it stays like this.',
    facts: { code: 'internal_error' },
  };
}
