import { createHmac, randomBytes } from 'node:crypto';
import type { Credentials } from '../types';

/** Returns so many random bytes. */
export type Random = (size: number) => Buffer;

/**
 * Returns random bytes from the system or, with a seed, the same ones in every run.
 * @param purpose keeps sequences apart: what one app does must not change the tokens of another one
 */
export function createRandom(seed: string | number | undefined, purpose: string): Random {
  if (seed === undefined) return randomBytes;
  let block = 0;
  return (size) => {
    let bytes = Buffer.alloc(0);
    while (bytes.length < size) {
      bytes = Buffer.concat([bytes, createHmac('sha512', String(seed)).update(`${purpose}\n${block++}`).digest()]);
    }
    return bytes.subarray(0, size);
  };
}

/** Makes up credentials in the form that the Partners Portal gives them. */
export function createCredentials(random: Random): Credentials {
  const secret = (): string => random(12).toString('base64url');
  return {
    clientID: random(16).toString('hex'),
    // `+` and `/` are frequent in Criteo's secrets, and clients that forget to encode fail because of them.
    clientSecret: `${secret()}+${secret()}/${secret()}`,
    signingKey: random(16).toString('hex'),
    signingSecret: random(32).toString('hex'),
  };
}
