import { abortError } from '../http/abort';
import { onAbort } from '../util/abort-signal';

// Bytes. A body up to this size is kept in memory, so that the call can be repeated after a refresh; a longer one is sent
// as it is read, once.
const KEPT = 1024 * 1024;

/**
 * Returns a body as bytes if it is short, else as a stream of the whole.
 *
 * @param signal ends the reading, and cancels the body.
 * @throws what the body fails with; a CriteoTransportError if the signal aborts.
 */
export async function readStart(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>> {
  const reader = body.getReader();
  const parts: Uint8Array[] = [];
  // Ends a read under way as well.
  const cancel = (): void => void reader.cancel(signal.reason).catch(() => {});
  if (signal.aborted) cancel();
  const stop = onAbort(signal, cancel);
  try {
    for (let size = 0; size <= KEPT; ) {
      const { done, value } = await reader.read();
      if (signal.aborted) throw abortError(signal.reason);
      if (done) return new Uint8Array(Buffer.concat(parts));
      parts.push(value);
      size += value.byteLength;
    }
  } finally {
    stop();
  }
  return new ReadableStream({
    async pull(controller) {
      const part = parts.shift() ?? (await reader.read()).value;
      if (part) controller.enqueue(part);
      else controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
