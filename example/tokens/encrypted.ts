import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { TokenStore } from 'passport-criteo';

/** A store of text: a `Map<string, string>`, a Keyv, a column of a table. */
interface TextStore {
  get(key: string): Promise<string | null | undefined> | string | null | undefined;
  set(key: string, text: string): unknown;
  delete(key: string): unknown;
}

/**
 * Keeps tokens encrypted (AES-256-GCM), so that a copy of the database is worth nothing.
 *
 * @param keys 32 random bytes each, in base64 (`openssl rand -base64 32`), from your secret manager. The first encrypts,
 *   all decrypt: put a new one in front, and drop the old one when every connection has been refreshed, a day later say.
 */
export function encrypted(store: TextStore, keys: readonly [string, ...string[]]): TokenStore {
  const [first, ...others] = keys.map((key) => {
    const bytes = Buffer.from(key, 'base64');
    if (bytes.length !== 32) throw new TypeError('encrypted: each of keys must be 32 bytes in base64');
    return bytes;
  }) as [Buffer, ...Buffer[]];

  return {
    async get(key) {
      const text = await store.get(key);
      if (text === undefined || text === null) return undefined;
      for (const secret of [first, ...others]) {
        const tokens = decrypt(text, secret, key);
        if (tokens !== undefined) return JSON.parse(tokens);
      }
      throw new Error('The tokens cannot be decrypted: the key is missing, or they were tampered with');
    },
    set: (key, tokens) => store.set(key, encrypt(JSON.stringify(tokens), first, key)),
    delete: (key) => store.delete(key),
  };
}

// The connection's key is authenticated too: tokens copied to somebody else's row are worth nothing there.
function encrypt(text: string, secret: Buffer, key: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(Buffer.from(key));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
}

function decrypt(text: string, secret: Buffer, key: string): string | undefined {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length < 28) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(0, 12), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(key)).setAuthTag(bytes.subarray(12, 28));
  try {
    return decipher.update(bytes.subarray(28), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}
