import { abortError } from '../http/abort';

interface Waiting {
  runs: Set<() => void>;
  listener: () => void;
}

/** Those who wait for a signal. Node warns of more than ten listeners on one signal, so they share one. */
const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `run` when a signal aborts. However many wait for a signal, it has one listener, and none when the last has gone.
 *
 * @param signal one that has not aborted yet.
 * @param run a function of the caller's own: no two calls share one.
 * @returns a function that ends the waiting.
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const { runs, listener } = waiting.get(signal) ?? listen(signal);
  runs.add(run);
  return () => {
    if (!runs.delete(run) || runs.size > 0) return;
    waiting.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}

function listen(signal: AbortSignal): Waiting {
  const runs = new Set<() => void>();
  const listener = (): void => {
    for (const run of runs) run();
  };
  const entry = { runs, listener };
  waiting.set(signal, entry);
  signal.addEventListener('abort', listener, { once: true });
  return entry;
}

/**
 * Settles as the promise does, or rejects when the signal aborts; what is under way goes on without the caller.
 *
 * @param signal one that has not aborted yet.
 */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined | null): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const stop = onAbort(signal, () => reject(abortError(signal.reason)));
    promise.then(resolve, reject).finally(stop);
  });
}
