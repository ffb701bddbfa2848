import { createHmac } from 'node:crypto';
import { checkCredential, optionError } from '../util/checks';

/** HMAC-SHA512 in lower-case hex under the connector's signing secret: what signs consent URLs and callbacks alike. */
export function sign(content: string | Uint8Array, secret: string): string {
  return createHmac('sha512', secret).update(content).digest('hex');
}

/** One or several signing secrets, as a list of our own; throws a `TypeError` naming the option. */
export function checkSecrets(owner: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [checkCredential(owner, 'secret', value)];
  if (value.length === 0) throw optionError(owner, 'secret', 'is an empty list: give at least one signing secret');
  return value.map((secret, index) => checkCredential(owner, `secret[${index}]`, secret));
}
