import { AuthorizationError, InternalOAuthError, TokenError } from 'passport-oauth2';

/** What every error of this package carries beside its message, so that code can decide without reading text. */
export interface ErrorFacts {
  /** What went wrong, as a stable word: an OAuth error code (RFC 6749), an API error code of Criteo's, or one of ours. */
  code: string;
  /** The HTTP status that our own application should answer with; Express's default error handler does. */
  status: number;
  /** Whether the same call may succeed if repeated later, with nothing changed. Default `false`. */
  retryable?: boolean | undefined;
  /** Whether only a new consent by the user can help. Default `false`. */
  reauthorize?: boolean | undefined;
  /** What the peer answered, where it answered at all. */
  response?: { status: number } | undefined;
  /** Criteo's trace id: quote it to Criteo's support. */
  traceId?: string | undefined;
  /** Seconds to wait before trying again, where the peer said so. */
  retryAfter?: number | undefined;
  /** The error underneath, where there is one. */
  cause?: unknown;
  /** The connection of a TokenSource that the error is about. */
  key?: string | undefined;
}

/** The facts as they stand on an error: the flags are always there. */
export interface CriteoError extends ErrorFacts {
  retryable: boolean;
  reauthorize: boolean;
}

// The base classes of passport-oauth2 are functions that know neither `cause` nor a message in the stack.
function state(error: Error & CriteoError, facts: ErrorFacts): void {
  const { retryable = false, reauthorize = false, cause, ...rest } = facts;
  Object.assign(error, { retryable, reauthorize });
  for (const [name, value] of Object.entries(rest)) if (value !== undefined) Object.assign(error, { [name]: value });
  if (cause !== undefined) {
    Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true, enumerable: false });
  }
  Error.captureStackTrace(error, error.constructor);
}

/** Criteo's token endpoint refused the request: RFC 6749 section 5.2. */
export class CriteoTokenError extends TokenError implements CriteoError {
  declare retryable: boolean;
  declare reauthorize: boolean;
  declare response?: { status: number };
  declare traceId?: string;
  declare retryAfter?: number;
  declare cause?: unknown;
  constructor(message: string, facts: ErrorFacts & { uri?: string | undefined }) {
    super(message, facts.code, facts.uri, facts.status);
    state(this, facts);
  }
}

/** Criteo's API (`advertisers/me`, `retail-media/accounts`, …) refused the request. */
export class CriteoAPIError extends Error implements CriteoError {
  declare code: string;
  declare status: number;
  declare retryable: boolean;
  declare reauthorize: boolean;
  declare response?: { status: number };
  declare traceId?: string;
  declare retryAfter?: number;
  constructor(message: string, facts: ErrorFacts) {
    super(message);
    this.name = 'CriteoAPIError';
    state(this, facts);
  }
}

/** No usable answer came: no connection, no answer in time, or an answer that is not what it should be. */
export class CriteoTransportError extends InternalOAuthError implements CriteoError {
  declare code: TransportCode;
  declare status: number;
  declare retryable: boolean;
  declare reauthorize: boolean;
  declare response?: { status: number };
  declare retryAfter?: number;
  declare traceId?: string;
  declare cause?: unknown;
  constructor(message: string, facts: ErrorFacts & { code: TransportCode }) {
    super(message, facts.cause);
    state(this, facts);
  }

  // The base class prints the error underneath instead of ours.
  override toString(): string {
    return `${this.name}: ${this.message}`;
  }
}

/** Why no usable answer came. */
export type TransportCode =
  /** No whole answer within the deadline. */
  | 'timeout'
  /** The caller gave up. */
  | 'aborted'
  /** No connection, or one that broke. */
  | 'connection_failed'
  /** The body ended before it was complete. */
  | 'response_truncated'
  /** The body was larger than any answer of Criteo's. */
  | 'response_too_large'
  /** A redirect: never followed, because it could carry a secret to another host. */
  | 'unexpected_redirect'
  /** Not the JSON that was expected. */
  | 'invalid_response';

/** The authorization endpoint sent the user back with an error other than `access_denied`: RFC 6749 section 4.1.2.1. */
export class CriteoAuthorizationError extends AuthorizationError implements CriteoError {
  declare retryable: boolean;
  declare reauthorize: boolean;
  declare response?: { status: number };
  declare traceId?: string;
  declare retryAfter?: number;
  declare cause?: unknown;
  constructor(message: string, facts: ErrorFacts & { uri?: string | undefined }) {
    super(message, facts.code, facts.uri, facts.status);
    state(this, facts);
  }
}

/** The connection is dead: only a new consent by the user can revive it. */
export class ReauthorizationRequiredError extends Error implements CriteoError {
  declare key?: string;
  declare code: string;
  declare status: number;
  declare retryable: boolean;
  declare reauthorize: boolean;
  declare response?: { status: number };
  declare traceId?: string;
  declare retryAfter?: number;
  constructor(message: string, facts: Partial<ErrorFacts> = {}) {
    super(message);
    this.name = 'ReauthorizationRequiredError';
    state(this, { code: 'reauthorization_required', status: 401, ...facts, reauthorize: true });
  }
}

/** Where the tokens are kept, or what locks them, did not do its part. Nothing was overwritten. */
export class TokenStoreError extends Error implements CriteoError {
  declare key?: string;
  declare code: TokenStoreCode;
  declare status: number;
  declare retryable: boolean;
  declare reauthorize: boolean;
  constructor(message: string, facts: ErrorFacts & { code: TokenStoreCode }) {
    super(message);
    this.name = 'TokenStoreError';
    state(this, facts);
  }
}

/** What went wrong with the tokens' store or lock. */
export type TokenStoreCode =
  /** The store threw, answered `false` to a write, or did not answer in time. */
  | 'store_failed'
  /** What the store returned is not what was stored. */
  | 'store_invalid'
  /** The lock threw, was not acquired in time, was lost, or ended without calling the work. */
  | 'lock_failed'
  /** The tokens were issued to another client id. Nothing was asked of Criteo and nothing was written. */
  | 'client_mismatch'
  /** The TokenSource was closed. */
  | 'closed';

/** A consent callback that cannot be taken; `status` is the answer to give. */
export class ConsentCallbackError extends Error implements CriteoError {
  declare code: string;
  declare status: number;
  declare retryable: boolean;
  declare reauthorize: boolean;
  declare response?: { status: number };
  declare traceId?: string;
  declare retryAfter?: number;
  constructor(message: string, facts: ErrorFacts) {
    super(message);
    this.name = 'ConsentCallbackError';
    state(this, facts);
  }
}

/** A hook of the application (the state store, `userProfile`, `verify`, …) did not answer in time. */
export class HookTimeoutError extends Error implements CriteoError {
  declare code: string;
  declare status: number;
  declare retryable: boolean;
  declare reauthorize: boolean;
  constructor(message: string) {
    super(message);
    this.name = 'HookTimeoutError';
    state(this, { code: 'hook_timeout', status: 503 });
  }
}
