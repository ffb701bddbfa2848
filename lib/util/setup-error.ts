/**
 * Makes an error about how the app is set up, for the app's developer.
 *
 * @param status what the app answers with. Express's default error handler does.
 */
export function setupError(code: string, message: string, status = 500): Error {
  return Object.assign(new Error(message), { code, status });
}
