import { createHmac, randomBytes } from 'node:crypto';

/** So many random bytes. */
export type Random = (size: number) => Buffer;

/** Random bytes from the system or, with a seed, the same ones in every run. */
export function createRandom(seed: string | number | undefined): Random {
  if (seed === undefined) return randomBytes;
  let block = 0;
  return (size) => {
    let bytes = Buffer.alloc(0);
    while (bytes.length < size) {
      bytes = Buffer.concat([bytes, createHmac('sha512', String(seed)).update(String(block++)).digest()]);
    }
    return bytes.subarray(0, size);
  };
}

/** What the Partners Portal gives out for an app and its connector. */
export interface Credentials {
  readonly clientID: string;
  readonly clientSecret: string;
  readonly signingKey: string;
  readonly signingSecret: string;
}

export function createCredentials(random: Random): Credentials {
  const secret = (): string => random(12).toString('base64url');
  return {
    clientID: random(16).toString('hex'),
    // `+` and `/` are frequent in Criteo's secrets and are what breaks clients that forget to encode.
    clientSecret: `${secret()}+${secret()}/${secret()}`,
    signingKey: random(16).toString('hex'),
    signingSecret: random(32).toString('hex'),
  };
}
