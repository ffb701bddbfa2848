import type { CriteoProfile } from '../criteo/profile';
import type { TokenSet } from '../criteo/token-set';
import type { PassportRequest } from '../state/state-store';
import { askHook } from './call-hook';

/** What the modern `verify` gets. */
export interface Login<Profile extends CriteoProfile | undefined = CriteoProfile | undefined> {
  /** Keep these, encrypted: a second consent may be impossible until the user revokes the first. */
  tokens: TokenSet;
  /** The token response as it came, but for the refresh token. */
  params: Record<string, unknown>;
  /**
   * Undefined if the profile is skipped; also if it cannot be fetched or is empty and `requireUserProfile` is false, as it
   * is by default for `passport.authorize`. Right after a consent Criteo may show an empty portfolio for about a minute:
   * keep the tokens, and fetch the portfolio again a minute later. Never undefined, in the types as well, if the options
   * say `requireUserProfile: true` and have no `skipUserProfile`. (A subclass whose `userProfile` calls back without a
   * profile is given what it called back with.)
   */
  profile: Profile;
  /**
   * Why there is no profile: a {@link CriteoAPIError} with the code `no_advertisers` if the portfolio is empty. If its
   * `retryable` is true, the portfolio can be fetched again later, with the same tokens.
   */
  profileError?: unknown;
  req: PassportRequest;
  /** What `authenticate('criteo', { state })` was given when the login was started. */
  state: unknown;
}

/**
 * What `verify` returns: a user, or `false` or `null`, which fails the login. Declare your own type of user once, as
 * `Express.User`, and it is what `verify` must return and what `req.user` is. `undefined` fails the login as well, but it
 * is not part of the type, so that a forgotten `return` does not compile.
 */
export type VerifiedUser<User extends Express.User = Express.User> = User | false | null;

/** The modern `verify`: one object in, a promise of the user out. */
export type Verify<
  User extends Express.User = Express.User,
  Profile extends CriteoProfile | undefined = CriteoProfile | undefined,
> = (login: Login<Profile>) => VerifiedUser<User & NoPromise> | PromiseLike<VerifiedUser<User>>;

// `Express.User` is empty until the app declares its own, and an empty interface takes every object: a promise, too,
// whatever it is of.
type NoPromise = { then?: undefined };

/** The callback of a classic `verify`. */
export type Verified = (error?: unknown, user?: VerifiedUser | undefined, info?: object | string) => void;

/** The classic `verify`. */
export type ClassicVerify<Profile extends CriteoProfile | undefined = CriteoProfile | undefined> = (
  accessToken: string,
  refreshToken: string | undefined,
  profile: Profile,
  done: Verified,
) => unknown;

/** The classic `verify` of five parameters, which gets the token response too. */
export type ClassicVerifyWithParams<Profile extends CriteoProfile | undefined = CriteoProfile | undefined> = (
  accessToken: string,
  refreshToken: string | undefined,
  params: Record<string, unknown>,
  profile: Profile,
  done: Verified,
) => unknown;

/** The classic `verify` with `passReqToCallback: true`. */
export type ClassicVerifyWithRequest<Profile extends CriteoProfile | undefined = CriteoProfile | undefined> = (
  req: PassportRequest,
  accessToken: string,
  refreshToken: string | undefined,
  profile: Profile,
  done: Verified,
) => unknown;

/** The classic `verify` of six parameters, with `passReqToCallback: true`. */
export type ClassicVerifyWithRequestAndParams<Profile extends CriteoProfile | undefined = CriteoProfile | undefined> = (
  req: PassportRequest,
  accessToken: string,
  refreshToken: string | undefined,
  params: Record<string, unknown>,
  profile: Profile,
  done: Verified,
) => unknown;

/**
 * The type of a `verify` written in place, so that TypeScript infers its parameters whether it has as many as `Short` or
 * as many as `Long`. Overloads alone do not do that: the first one gives such a function its parameter types for good.
 * Here, one as long as `Long` finds no other signature that has room for it; a shorter one finds two that nothing
 * combines, because one is generic, and so hears of `Short` alone. (That it then fits this overload or the next is
 * found out later.)
 */
export type Inline<Short extends (...args: never[]) => unknown, Long extends (...args: never[]) => unknown> =
  | Short
  | { <_>(...args: Parameters<Short>): unknown; (...args: Parameters<Long>): unknown };

/** The app's `verify`, and which of its forms it has. */
interface Verifier {
  /** What passport-oauth2 keeps as `_verify`. */
  verify: (...args: never[]) => unknown;
  modern: boolean;
}

/**
 * Chooses between the two forms of `verify`, and refuses a function that could never call back.
 *
 * @throws {TypeError} saying which parameters are expected.
 */
export function readVerify(inOptions: unknown, argument: unknown, passReqToCallback: boolean): Verifier {
  if (inOptions !== undefined && argument !== undefined) {
    throw new TypeError('CriteoStrategy: verify was given twice: in the options and as an argument. Give one of them');
  }
  if (inOptions !== undefined) {
    if (typeof inOptions !== 'function') throw new TypeError('CriteoStrategy: the option verify must be a function');
    if (passReqToCallback) {
      throw new TypeError(
        'CriteoStrategy: the option passReqToCallback is for the classic verify; take req from the login',
      );
    }
    if (inOptions.length > 1) {
      throw new TypeError(
        `CriteoStrategy: the option verify has ${inOptions.length} parameters, but it gets one object: ` +
          '({ req, profile, tokens }) => …. A classic verify goes after the options: new CriteoStrategy(options, verify)',
      );
    }
    return { verify: inOptions as Verifier['verify'], modern: true };
  }
  if (typeof argument !== 'function') {
    throw new TypeError('CriteoStrategy needs a verify function: as its second argument, or as the option verify');
  }
  const [fewest, most] = passReqToCallback ? [5, 6] : [4, 5];
  const { length } = argument;
  // A rest parameter counts as none: such a function sees them all (Nest's does).
  if (length !== 0 && (length < fewest || length > most)) {
    const expected = passReqToCallback
      ? '(req, accessToken, refreshToken, profile, done) or (req, accessToken, refreshToken, params, profile, done)'
      : '(accessToken, refreshToken, profile, done) or (accessToken, refreshToken, params, profile, done)';
    const hint =
      length === 1
        ? '. A verify of one parameter goes into the options: new CriteoStrategy({ ...options, verify })'
        : !passReqToCallback && length === 6
          ? ', or the option passReqToCallback: true'
          : '';
    throw new TypeError(
      `CriteoStrategy: verify has ${length} parameters, so it cannot call back: expected ${expected}${hint}`,
    );
  }
  return { verify: argument as Verifier['verify'], modern: false };
}

/** The app's `verify`, and how it is called. */
interface AppVerify {
  verify: (...args: unknown[]) => unknown;
  modern: boolean;
  passReqToCallback: boolean;
  /** What it is called on. */
  strategy: object;
  /** Milliseconds that it may take. */
  timeout: number;
}

/** Calls the app's `verify` and returns the user and the info that it gave. */
export function askVerify(app: AppVerify, login: Login): Promise<unknown[]> {
  const { verify, strategy, timeout } = app;
  return askHook('verify', timeout, (answer) => {
    if (app.modern) return Promise.resolve(verify.call(strategy, login)).then((user) => answer(null, user));
    return verify.call(strategy, ...classicArguments(verify.length, app.passReqToCallback, login), answer);
  });
}

/** Returns the arguments of a classic `verify` without `done`: the number of its parameters decides, as in passport-oauth2. */
export function classicArguments(length: number, passReqToCallback: boolean, login: Login): unknown[] {
  const { tokens, params, profile, req } = login;
  const all = [tokens.accessToken, tokens.refreshToken, params, profile];
  const some = [tokens.accessToken, tokens.refreshToken, profile];
  if (passReqToCallback) return [req, ...(length === 6 ? all : some)];
  return length === 5 ? all : some;
}
