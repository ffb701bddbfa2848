import {
  CriteoAPIError,
  CriteoAuthorizationError,
  CriteoTokenError,
  CriteoTransportError,
  ReauthorizationRequiredError,
} from 'passport-criteo';

/** The page for a failure: what happened, and what the user can do. */
export interface Failure {
  status: number;
  title: string;
  text: string;
  /**
   * The buttons: start again; start again with a link to revoke the access; or, for a signed-in user, the dashboard.
   */
  action?: 'again' | 'consent' | 'onward';
  /** For the developer. None of it is secret, but a real app would only log it. */
  facts: { code: string; message?: string | undefined; traceId?: string | undefined };
}

type Words = Omit<Failure, 'facts'>;

/** What users share; depends on the service. */
export type Things = 'advertisers' | 'accounts';

const declined: Words = {
  status: 403,
  title: 'You declined',
  text: 'Nothing was shared and nothing has changed. If that was a mistake, start again and choose Approve.',
  action: 'again',
};

const damaged: Words = {
  status: 400,
  title: 'That link does not work',
  text: 'The address that brought you here is incomplete or damaged.',
  action: 'again',
};

/** What `info.code` means for the user. */
const failures = (things: Things): Record<string, Words> => ({
  access_denied: declined,
  no_advertisers: {
    status: 403,
    title: `No ${things} were shared`,
    text:
      'This app needs at least one. Start again and tick one. If Criteo does not ask you again, revoke the access ' +
      'there first.',
    action: 'consent',
  },
  state_expired: {
    status: 400,
    title: 'That took too long',
    text: 'You have to return from Criteo within ten minutes. Start again.',
    action: 'again',
  },
  state_missing: damaged,
  state_unknown: {
    status: 400,
    title: 'This link works only once',
    text: 'It was used before, or it belongs to another browser. You also see this page after a reload, or after going back to Criteo.',
    action: 'onward',
  },
  user_changed: {
    status: 403,
    title: 'Your sign-in changed meanwhile',
    text:
      'You signed in, signed out or changed the account after you started this, perhaps in another tab. It was stopped, ' +
      'and nothing was added to your current account.',
    action: 'again',
  },
  login_mismatch: {
    status: 400,
    title: 'This was started for something else',
    text: 'Criteo sent you back to another page of this app than expected, so it was stopped.',
    action: 'again',
  },
  issuer_mismatch: {
    status: 400,
    title: 'That response was not from Criteo',
    text: 'It names another sender, so it was not used.',
    action: 'again',
  },
  invalid_callback: damaged,
  login_refused: {
    status: 403,
    title: 'You cannot sign in here',
    text: 'You approved at Criteo, but this app has no account for what you shared.',
    action: 'again',
  },
});

/** Returns the page for a failed login. `info` is what the callback of `authenticate` or `authorize` gets. */
export function failureOfInfo(info: unknown, things: Things): Failure {
  const text = (name: string) => {
    const value: unknown = typeof info === 'object' && info !== null ? Reflect.get(info, name) : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  const code = text('code') ?? 'unknown';
  // Criteo may leave the state out of an error redirect. Then the login is unknown, but the user has declined.
  const known = new Map(Object.entries(failures(things)));
  const words = text('error') === 'access_denied' ? declined : (known.get(code) ?? damaged);
  return { ...words, facts: { code, message: text('message') } };
}

const unreachable: Words = {
  status: 502,
  title: 'Criteo cannot be reached',
  text: 'Criteo does not respond as it should. This is usually temporary: try again in a few minutes.',
  action: 'again',
};

const misconfigured: Words = {
  status: 500,
  title: 'This app is not set up correctly',
  text: 'Criteo rejects this app. You cannot fix that: please tell the team that runs the app.',
};

const slow: Words = {
  ...unreachable,
  title: 'Criteo took too long',
  text: 'Criteo did not respond in time. Try again in a moment.',
};

const busy = (seconds: number): Words => ({
  ...unreachable,
  title: 'Too many requests',
  text: `Criteo limits the requests of this app. Try again in ${seconds === 1 ? 'a second' : `${seconds} seconds`}.`,
});

const late: Words = {
  status: 401,
  title: 'That took a moment too long',
  text: 'The code that Criteo issues is valid for 30 seconds, and works once. Start again to get a new one.',
  action: 'again',
};

const ended: Words = {
  status: 401,
  title: 'The connection has ended',
  text: 'Access was revoked, or it expired. Connect Criteo again.',
  action: 'again',
};

const withheld = (things: Things): Words => ({
  status: 403,
  title: `Criteo did not show your ${things}`,
  text: 'The access that you gave is missing or was revoked. Start again to give it once more.',
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

/** Returns true if the consent was revoked or has expired, so that the user must consent again. */
export function isLost(error: unknown): boolean {
  return isCriteoError(error) && error.reauthorize;
}

/** When an error happened. */
export interface Occasion {
  /** True at the callback of a login, false later. */
  comingBack: boolean;
  things: Things;
}

// The flags of the errors are enough for most pages. The code is read only if a better text depends on it.
function wordsFor(error: CriteoError, { comingBack, things }: Occasion): Words {
  if (error.reauthorize && !comingBack) return ended;
  if (error.reauthorize) return error instanceof CriteoTokenError ? late : withheld(things);
  if (error.retryAfter) return busy(error.retryAfter);
  if (error.code === 'timeout') return slow;
  return error.retryable || error instanceof CriteoTransportError ? unreachable : misconfigured;
}

/** Returns the page for an error, of passport-criteo or any other. */
export function failureOfError(error: unknown, occasion: Occasion): Failure {
  if (isCriteoError(error)) {
    const { code, status, message, traceId } = error;
    return { ...wordsFor(error, occasion), status, facts: { code, message, traceId } };
  }
  return {
    status: 500,
    title: 'Something broke in this app',
    text: 'Try again, and tell the team that runs this app if it happens again.',
    facts: { code: 'internal_error' },
  };
}
