import { AuthorizationError, InternalOAuthError, TokenError } from 'passport-oauth2';

/** Facts of an error beside its message, so that code can decide without reading text. */
export interface ErrorFacts {
  /** What went wrong, as a stable word: an OAuth error code (RFC 6749), an API error code of Criteo, or one of ours. */
  code: string;
  /** The HTTP status to respond with in our own application; Express's default error handler does. */
  status: number;
  /**
   * True if the same call may succeed later, with nothing changed.
   *
   * @default false
   */
  retryable?: boolean | undefined;
  /**
   * True if only a new consent by the user can help.
   *
   * @default false
   */
  reauthorize?: boolean | undefined;
  /** The status of Criteo's response, if there was one. */
  response?: { status: number } | undefined;
  /** Criteo's trace id: quote it to Criteo's support. */
  traceId?: string | undefined;
  /** Seconds to wait before trying again, if Criteo said so. */
  retryAfter?: number | undefined;
  /** The error underneath, if there is one. */
  cause?: unknown;
  /** The connection of a TokenSource that the error is about. */
  key?: string | undefined;
}

const known = new WeakSet<object>();

/**
 * Base of all errors of this package: `error instanceof CriteoError` is true for each of them, also for those that
 * extend an error class of passport-oauth2.
 */
export abstract class CriteoError extends Error {
  /** What went wrong, as a stable word. */
  declare code: string;
  /** The HTTP status to respond with in our own application. */
  declare status: number;
  /** True if the same call may succeed later, with nothing changed. */
  declare retryable: boolean;
  /** True if only a new consent by the user can help. */
  declare reauthorize: boolean;
  /** The status of Criteo's response, if there was one. */
  declare response?: { status: number };
  /** Criteo's trace id: quote it to Criteo's support. */
  declare traceId?: string;
  /** Seconds to wait before trying again, if Criteo said so. */
  declare retryAfter?: number;

  protected constructor(name: string, message: string, facts: ErrorFacts) {
    super(message);
    setFacts(this, name, facts);
  }
}

// The classes that extend passport-oauth2's are not below CriteoError, so instanceof asks who was given facts. (Outside
// of the class, because bundlers rename a class that names itself.)
Object.defineProperty(CriteoError, Symbol.hasInstance, {
  value(this: unknown, value: unknown): boolean {
    // False for values that are not objects, too.
    if (this === CriteoError) return known.has(value as object);
    return Function.prototype[Symbol.hasInstance].call(this, value);
  },
});

/** Gives an error its name, its facts and a stack: the base classes of passport-oauth2 know neither facts nor `cause`. */
function setFacts(error: Error, name: string, facts: ErrorFacts): void {
  const { retryable = false, reauthorize = false, cause, ...rest } = facts;
  Object.assign(error, { name, retryable, reauthorize });
  for (const [fact, value] of Object.entries(rest)) if (value !== undefined) Object.assign(error, { [fact]: value });
  if (cause !== undefined) {
    Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true, enumerable: false });
  }
  known.add(error);
  Error.captureStackTrace(error, error.constructor);
}

/** Types an error class of passport-oauth2 as what it becomes by {@link setFacts}. */
function withFacts<A extends unknown[], E extends Error>(base: new (...args: A) => E) {
  return base as new (
    ...args: A
  ) => E & CriteoError;
}

/** Criteo's token endpoint refused the request: RFC 6749 section 5.2. */
export class CriteoTokenError extends withFacts(TokenError) {
  constructor(message: string, facts: ErrorFacts & { uri?: string | undefined }) {
    super(message, facts.code, facts.uri, facts.status);
    setFacts(this, 'CriteoTokenError', facts);
  }
}

/** Criteo's API (`advertisers/me`, `retail-media/accounts`, …) refused the request. */
export class CriteoAPIError extends CriteoError {
  constructor(message: string, facts: ErrorFacts) {
    super('CriteoAPIError', message, facts);
  }
}

/** No usable response came: no connection, no response in time, or one that is not what it should be. */
export class CriteoTransportError extends withFacts(InternalOAuthError) {
  declare code: TransportCode;
  constructor(message: string, facts: ErrorFacts & { code: TransportCode }) {
    super(message, facts.cause);
    setFacts(this, 'CriteoTransportError', facts);
  }

  // The base class prints the error underneath instead of this one.
  override toString(): string {
    return `${this.name}: ${this.message}`;
  }
}

/** Why no usable response came. */
export type TransportCode =
  /** No whole response within the deadline. */
  | 'timeout'
  /** The caller gave up. */
  | 'aborted'
  /** No connection, or one that broke. */
  | 'connection_failed'
  /** The body ended before it was complete. */
  | 'response_truncated'
  /** The body was larger than any response of Criteo's. */
  | 'response_too_large'
  /** A redirect: never followed, because it could carry a secret to another host. */
  | 'unexpected_redirect'
  /** Not the JSON that was expected. */
  | 'invalid_response';

/**
 * Criteo sent the user back with an error that is not the user's decision: `server_error`, `temporarily_unavailable`, or a
 * mistake of the authorization request (RFC 6749 section 4.1.2.1).
 */
export class CriteoAuthorizationError extends withFacts(AuthorizationError) {
  constructor(message: string, facts: ErrorFacts & { uri?: string | undefined }) {
    super(message, facts.code, facts.uri, facts.status);
    setFacts(this, 'CriteoAuthorizationError', facts);
  }
}

/** The connection has ended: the user must consent again. */
export class ReauthorizationRequiredError extends CriteoError {
  declare key?: string;
  constructor(message: string, facts: Partial<ErrorFacts> = {}) {
    const usual = { code: 'reauthorization_required', status: 401 };
    super('ReauthorizationRequiredError', message, { ...usual, ...facts, reauthorize: true });
  }
}

/** The token store or its lock failed. Nothing was overwritten. */
export class TokenStoreError extends CriteoError {
  declare key?: string;
  declare code: TokenStoreCode;
  constructor(message: string, facts: ErrorFacts & { code: TokenStoreCode }) {
    super('TokenStoreError', message, facts);
  }
}

/** Why the token store or its lock failed. */
export type TokenStoreCode =
  /** The store threw, returned `false` for a write, or did not respond in time. */
  | 'store_failed'
  /** The store returned something else than what was stored. */
  | 'store_invalid'
  /** The lock threw, could not be taken in time, was lost, or ended without doing the work. */
  | 'lock_failed'
  /** The tokens were issued to another client id. Criteo was not asked and nothing was written. */
  | 'client_mismatch'
  /** The TokenSource was closed. */
  | 'closed';

/** A consent callback was refused, or could not be handled; `status` is the HTTP status to respond with. */
export class ConsentCallbackError extends CriteoError {
  constructor(message: string, facts: ErrorFacts) {
    super('ConsentCallbackError', message, facts);
  }
}

/**
 * A pending login could not be kept, or not be bound to its user. Nearly always the cause is how the app is set up, and
 * the message says what to change.
 */
export class PendingLoginError extends CriteoError {
  declare code: PendingLoginCode;
  constructor(code: PendingLoginCode, message: string, cause?: unknown) {
    const status = passingStatus[code];
    super('PendingLoginError', message, { code, status: status ?? 500, retryable: status !== undefined, cause });
  }
}

const passingStatus: Partial<Record<PendingLoginCode, number>> = {
  // Another site's page started the login. One that the user starts on this site finds room.
  too_many_logins: 429,
  session_not_saved: 503,
};

/** Why a pending login could not be kept. */
export type PendingLoginCode =
  /** There is no `req.session`. */
  | 'session_missing'
  /** The session could not be saved before the code is sent to Criteo, so it was not sent. */
  | 'session_not_saved'
  /** The option `state` is not JSON. */
  | 'state_invalid'
  /** The option `state` takes more room than the store has for one login. */
  | 'state_too_large'
  /** The store is full, and the login was started by a page of another site. */
  | 'too_many_logins'
  /** A `CookieStateStore` does not know the response. */
  | 'response_missing'
  /** The headers of the response were sent before a `CookieStateStore` could set its cookie. */
  | 'headers_sent'
  /** A user is signed in, and has no id under a usual name. */
  | 'user_unidentified';

/** A hook of the application (the state store, `userProfile`, `verify`, …) did not respond in time. */
export class HookTimeoutError extends CriteoError {
  constructor(message: string) {
    super('HookTimeoutError', message, { code: 'hook_timeout', status: 503 });
  }
}
