import { CriteoAPIError, CriteoAuthorizationError, CriteoTokenError, CriteoTransportError } from 'passport-criteo';

/** What a person is told when something did not work, and what they can do about it. */
export interface Failure {
  status: number;
  title: string;
  text: string;
  /** The way on, home aside: another try, that or the page where access is withdrawn, or a new consent. */
  action?: 'sign-in' | 'consent' | 'renew';
  /** What a developer wants to know. None of it is secret, but a real app would log it rather than show it. */
  facts: { code: string; message?: string | undefined; traceId?: string | undefined };
}

type Words = Omit<Failure, 'facts'>;

const declined: Words = {
  status: 403,
  title: 'You declined',
  text: 'Nothing was shared and nothing has changed. If that was a slip, sign in again and choose Approve.',
  action: 'sign-in',
};

const damaged: Words = {
  status: 400,
  title: 'That link does not work',
  text: 'The address that brought you here is incomplete or damaged.',
  action: 'sign-in',
};

/** What `info.code` of the strategy's `fail` means for the person. */
const failures = new Map<string, Words>(
  Object.entries({
    access_denied: declined,
    no_advertisers: {
      status: 403,
      title: 'No advertisers were shared',
      text:
        'This app needs at least one. Sign in again and tick an advertiser; if Criteo does not ask you any more, ' +
        'withdraw the access there first.',
      action: 'consent',
    },
    state_expired: {
      status: 400,
      title: 'That took too long',
      text: 'A sign-in has to be finished within ten minutes. Start again: it only takes a moment.',
      action: 'sign-in',
    },
    state_missing: damaged,
    state_unknown: {
      status: 400,
      title: 'This sign-in is over',
      text: 'It was used already, or it began in another browser. Reloading the page or going back to Criteo ends here, too.',
      action: 'sign-in',
    },
    session_missing: {
      status: 400,
      title: 'Your browser did not bring its cookie',
      text: 'Sign-in needs one cookie from this site. Allow cookies, stay in the same browser, and start again.',
      action: 'sign-in',
    },
    user_changed: {
      status: 403,
      title: 'Somebody else is signed in now',
      text: 'This sign-in began under another account, so it was stopped. Nothing was shared with the account you use now.',
      action: 'sign-in',
    },
    issuer_mismatch: {
      status: 400,
      title: 'That answer was not from Criteo',
      text: 'The answer names another sender, so it was not used.',
      action: 'sign-in',
    },
    invalid_callback: damaged,
    login_refused: {
      status: 403,
      title: 'You cannot sign in here',
      text: 'Criteo said yes, but this app knows no account that goes with what you shared.',
      action: 'sign-in',
    },
  }),
);

/** The page for a sign-in that the strategy refused: `info` is what it gave to `passport.authenticate`'s callback. */
export function refusal(info: unknown): Failure {
  const text = (name: string) => {
    const value: unknown = typeof info === 'object' && info !== null ? Reflect.get(info, name) : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  const code = text('code') ?? 'unknown';
  // Criteo may leave the state out of an error redirect: nobody can tell whose login it was, but they did decline.
  const words = text('error') === 'access_denied' ? declined : (failures.get(code) ?? damaged);
  return { ...words, facts: { code, message: text('message') } };
}

const unreachable: Words = {
  status: 502,
  title: 'Criteo cannot be reached',
  text: 'Criteo is not answering as it should. That usually passes: try again in a few minutes.',
  action: 'sign-in',
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
  text: 'What Criteo hands us is good for 30 seconds, and once. Sign in again to get a fresh one.',
  action: 'sign-in',
};

const ended: Words = {
  status: 401,
  title: 'The connection has ended',
  text: 'Access was withdrawn, or it ran out. Sign in again to renew it.',
  action: 'renew',
};

const withheld: Words = {
  status: 403,
  title: 'Criteo did not show your advertisers',
  text: 'The access you gave is missing, or was withdrawn at once. Sign in again to give it anew.',
  action: 'consent',
};

type CriteoError = CriteoAPIError | CriteoAuthorizationError | CriteoTokenError | CriteoTransportError;

function isCriteoError(error: unknown): error is CriteoError {
  return (
    error instanceof CriteoTokenError ||
    error instanceof CriteoAPIError ||
    error instanceof CriteoTransportError ||
    error instanceof CriteoAuthorizationError
  );
}

// The errors' flags say what can be done; the code is only asked where the words are worth it.
function wordsFor(error: CriteoError, signingIn: boolean): Words {
  if (error.reauthorize && !signingIn) return ended;
  if (error.reauthorize) return error instanceof CriteoTokenError ? late : withheld;
  if (error.retryAfter) return busy(error.retryAfter);
  if (error.code === 'timeout') return slow;
  return error.retryable || error instanceof CriteoTransportError ? unreachable : misconfigured;
}

/** The page for an error: of passport-criteo, in a sign-in or a later call, or of anything else. */
export function mishap(error: unknown, signingIn: boolean): Failure {
  if (isCriteoError(error)) {
    const { code, status, message, traceId } = error;
    return { ...wordsFor(error, signingIn), status, facts: { code, message, traceId } };
  }
  return {
    status: 500,
    title: 'Something broke on our side',
    text: 'That was not your fault. Try again, and tell whoever runs this app if it stays like this.',
    facts: { code: 'internal_error' },
  };
}
