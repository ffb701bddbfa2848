import { inspect } from 'node:util';
import { expect } from 'chai';

/** Returns the error of a rejected promise. Throws if it is not rejected, or with another type of error. */
export async function rejection<T extends Error>(
  promise: Promise<unknown>,
  type: abstract new (...args: never[]) => T,
): Promise<T> {
  const [error] = await promise.then(
    (value: unknown) => [new Error(`it did not fail, but gave ${inspect(value)}`)],
    (reason: unknown) => [reason],
  );
  if (error instanceof type) return error;
  throw error;
}

/** Returns all texts that logs and error pages may show of an error and its causes. */
export function renderings(error: unknown): string {
  const texts = [
    String(error),
    inspect(error, { showHidden: true, depth: 10, maxStringLength: null, maxArrayLength: null, getters: true }),
    JSON.stringify(error) ?? '',
  ];
  for (let it: unknown = error; it instanceof Error; it = it.cause) texts.push(it.message, it.stack ?? '', String(it));
  return texts.join('\n');
}

/** Expects that no text of an error contains a secret, in any encoding. */
export function expectNoSecret(error: unknown, ...secrets: string[]): void {
  const text = renderings(error).toLowerCase();
  for (const secret of secrets) {
    const form = new URLSearchParams([['', secret]]).toString().slice(1);
    for (const spelling of [secret, encodeURIComponent(secret), form, JSON.stringify(secret).slice(1, -1)]) {
      expect(text).not.to.include(spelling.toLowerCase());
    }
    // The form in which node prints buffers.
    expect(text).not.to.include(Buffer.from(secret.slice(0, 8)).toString('hex').match(/../g)?.join(' '));
  }
}
