/** Options of one call of `passport.authenticate('criteo', …)` or `passport.authorize`, in addition to Passport's own. */
export interface CriteoAuthenticateOptions {
  /**
   * Where Criteo sends the user back to, for this login. Give it on both routes: a login is finished with the callback URL
   * that it was started with.
   */
  callbackURL?: string | undefined;
  /**
   * The app's own data: kept in the store, never on the wire, and given back as `info.state` at the end. Plain JSON, of at
   * most 2048 bytes with the default store.
   */
  state?: unknown;
}

/**
 * Types options for `passport.authenticate` and `passport.authorize`, where `@types/passport` knows neither `callbackURL`
 * nor a `state` that is not a string. The options are returned as they are.
 *
 * @param options this strategy's, and Passport's own beside them
 * @returns the same object, typed as Passport's own options
 */
export function authenticateOptions<Own extends object>(
  options: CriteoAuthenticateOptions & Own,
): Omit<Own, keyof CriteoAuthenticateOptions> {
  return options;
}
