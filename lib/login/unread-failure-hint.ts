import { hint } from '../util/hint';
import { factsOf } from './login-events';

/**
 * Hints at a failure that the app does not show to anyone: `failureRedirect` alone sends the user to another page without a
 * word. Whether `passport.authenticate` was given a callback, a strategy cannot know; with one, there is no need for
 * `failureRedirect`.
 *
 * @param options of `passport.authenticate`
 * @param info of the failure
 */
export function hintAtUnreadFailure(options: object | null | undefined, info: unknown): void {
  try {
    const { failureRedirect, failureMessage, failureFlash } = Object(options) as Record<string, unknown>;
    if (failureRedirect && !failureMessage && !failureFlash) hint('CRITEO_UNREAD_FAILURE', () => messageOf(info));
  } catch {
    // A getter of the app's own that throws. The failure is told already, so this must not become another outcome.
  }
}

function messageOf(info: unknown): string {
  const { code, message } = factsOf(info);
  return (
    `A login failed${code === undefined ? '' : `: ${code}: ${message}`} – The app does not show why, because failureRedirect ` +
    'alone sends the user to another page without a word. Add failureMessage: true, and the message is in ' +
    'req.session.messages; or give passport.authenticate a callback. NODE_DEBUG=passport-criteo prints every failed login. ' +
    'This hint comes once, and not if NODE_ENV is production.'
  );
}
