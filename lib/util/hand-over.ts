/** Gives a promise's result to a callback outside of the promise, so that what the callback throws stays its own. */
export function handOver<T>(
  promise: Promise<T>,
  callback: (...answer: never[]) => unknown,
  answer: (value: T) => unknown[],
): void {
  const call = callback as (...answer: unknown[]) => unknown;
  promise.then(
    (value) => process.nextTick(call, null, ...answer(value)),
    (error) => process.nextTick(call, error),
  );
}
