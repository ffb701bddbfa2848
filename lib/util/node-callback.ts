/**
 * Gives the result of a promise to a callback of node's kind. Called outside of the promise, so that an error that the
 * callback throws is not taken for one of the promise.
 *
 * @param values returns what follows the error among the callback's arguments.
 */
export function callBack<T>(
  promise: Promise<T>,
  callback: (...values: never[]) => unknown,
  values: (result: T) => unknown[],
): void {
  const call = callback as (...values: unknown[]) => unknown;
  promise.then(
    (result) => process.nextTick(call, null, ...values(result)),
    (error) => process.nextTick(call, error),
  );
}
