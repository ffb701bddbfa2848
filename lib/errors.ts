import { AuthorizationError, InternalOAuthError, TokenError } from 'passport-oauth2';
import { foreignID, foreignText, redact } from './util/redaction';

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
    if (this === CriteoError) return typeof value === 'object' && value !== null && known.has(value);
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

/** A hook of the application (the state store, `userProfile`, `verify`, …) did not respond in time. */
export class HookTimeoutError extends CriteoError {
  constructor(message: string) {
    super('HookTimeoutError', message, { code: 'hook_timeout', status: 503 });
  }
}

/**
 * Makes of a foreign error (a driver's, a network library's) what may be kept as a `cause`. Drivers attach to their
 * errors what they were doing: ioredis, for one, the command with the tokens in it.
 *
 * @param secrets Known secrets, masked in the message. What looks like a token is masked in any case.
 * @returns An error with the name, message (300 characters at most), code and stack frames of the foreign one, and
 *   nothing else. Undefined if nothing was thrown. A `HookTimeoutError` is returned as it is.
 *
 * @internal
 */
export function foreignCause(reason: unknown, secrets: readonly (string | undefined)[] = []): Error | undefined {
  if (reason === undefined || reason === null) return undefined;
  if (reason instanceof HookTimeoutError) return reason;
  const text = typeof reason === 'object' ? property(reason, 'message') : String(reason);
  const name = foreignID(property(reason, 'name'), secrets) ?? 'Error';
  const code = property(reason, 'code');
  const cause = new Error(foreignText(text, secrets) ?? '');
  const hidden = { configurable: true, writable: true, enumerable: false };
  Object.defineProperty(cause, 'name', { value: name, ...hidden });
  const stack = String(cause) + redact(frames(property(reason, 'stack'), text), secrets);
  Object.defineProperty(cause, 'stack', { value: stack, ...hidden });
  const isWord = foreignID(code, secrets) !== undefined && foreignText(code) === code;
  return isWord || Number.isSafeInteger(code) ? Object.assign(cause, { code }) : cause;
}

function property(value: unknown, name: string): unknown {
  try {
    return (Object(value) as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

/** Returns the lines of a stack that follow its message. */
function frames(stack: unknown, message: unknown): string {
  if (typeof stack !== 'string' || typeof message !== 'string' || !stack.includes(message)) return '';
  const rest = stack.slice(stack.indexOf(message) + message.length);
  return /^[^\n]*((?:\n {4}at [^\n]*)+)/.exec(rest)?.[1] ?? '';
}
