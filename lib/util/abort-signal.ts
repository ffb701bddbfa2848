interface Listening {
  runs: Set<() => void>;
  listener: () => void;
}

/** The shared listener of each signal: node warns of more than ten listeners on one signal. */
const listening = new WeakMap<AbortSignal, Listening>();

/**
 * Calls `run` when a signal aborts. All who wait for a signal share one listener, which is removed with the last of them.
 *
 * @param signal `run` is not called for one that has aborted already.
 * @param run a function of the caller's own: no two calls share one.
 * @returns a function that ends the waiting.
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const { runs, listener } = listening.get(signal) ?? listen(signal);
  runs.add(run);
  return () => {
    if (!runs.delete(run) || runs.size > 0) return;
    listening.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}

function listen(signal: AbortSignal): Listening {
  const runs = new Set<() => void>();
  const listener = (): void => {
    for (const run of runs) run();
  };
  listening.set(signal, { runs, listener });
  signal.addEventListener('abort', listener, { once: true });
  return { runs, listener };
}

/**
 * Settles as the promise does, or rejects when the signal aborts. What is under way goes on without the caller.
 *
 * @param errorOf returns the error for the signal's reason. Default: the reason itself.
 */
export function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined | null,
  errorOf: (reason: unknown) => unknown = (reason) => reason,
): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(errorOf(signal.reason));
    if (signal.aborted) abort();
    promise.then(resolve, reject).finally(signal.aborted ? undefined : onAbort(signal, abort));
  });
}
