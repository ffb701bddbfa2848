import { createHmac } from 'node:crypto';
import { checkCredential, optionError } from '../util/option-checks';

/** Signs consent URLs and callbacks alike: HMAC-SHA512 under the connector's signing secret, in lower-case hex. */
export function sign(content: string | Uint8Array, secret: string): string {
  return createHmac('sha512', secret).update(content).digest('hex');
}

/**
 * Returns one or several signing secrets as a list of our own.
 *
 * @throws {TypeError} A secret is missing, empty or has white space around it. The text names the option
 */
export function checkSecrets(owner: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [checkCredential(owner, 'secret', value)];
  if (value.length === 0) throw optionError(owner, 'secret', 'is an empty list: give at least one signing secret');
  return value.map((secret, index) => checkCredential(owner, `secret[${index}]`, secret));
}
