import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { StoredTokenSet, TokenStore } from 'passport-criteo';

/** A record of the store: the encrypted tokens, and their version, which `compareAndSet` compares. */
export interface SealedTokens {
  version?: string;
  sealed: string;
}

type Awaitable<T> = T | PromiseLike<T>;

/** A store of plain JSON: a `Map`, a Keyv, `redisStore` or `postgresStore`. */
interface SealedStore {
  get(key: string): Awaitable<SealedTokens | null | undefined>;
  set(key: string, tokens: SealedTokens): unknown;
  delete(key: string): unknown;
  compareAndSet?(key: string, expected: string | undefined, tokens: SealedTokens | undefined): Awaitable<boolean>;
}

/**
 * Encrypts the stored tokens (AES-256-GCM), so that a copy of the database does not reveal them.
 *
 * @param keys 32 random bytes each, in base64 (`openssl rand -base64 32`), from your secret manager. The first encrypts,
 *   all decrypt. To change the key, add the new one as the first, and remove the old one after every connection has been
 *   refreshed, for instance a day later.
 */
export function encrypted(store: SealedStore, keys: readonly [string, ...string[]]): TokenStore {
  const [first, ...others] = keys.map((key) => {
    const bytes = Buffer.from(String(key), 'base64'); // "undefined" if an environment variable is not set
    if (bytes.length !== 32) {
      throw new TypeError('encrypted: each of keys must be 32 bytes in base64. Is the environment variable set?');
    }
    return bytes;
  }) as [Buffer, ...Buffer[]];

  const seal = (key: string, tokens: StoredTokenSet): SealedTokens => {
    const { version } = tokens;
    const sealed = encrypt(JSON.stringify(tokens), first, nameOf(key, version));
    return version === undefined ? { sealed } : { version, sealed };
  };
  const plain: TokenStore = {
    async get(key) {
      const record = await store.get(key);
      if (!record) return undefined;
      const { version, sealed } = record;
      for (const secret of [first, ...others]) {
        const tokens = decrypt(String(sealed), secret, nameOf(key, version));
        if (tokens !== undefined) return JSON.parse(tokens);
      }
      // The key is missing, or the record was changed. The TokenSource throws store_invalid; a new consent replaces it.
      return { version } as StoredTokenSet;
    },
    set: (key, tokens) => store.set(key, seal(key, tokens)),
    delete: (key) => store.delete(key),
  };
  if (!store.compareAndSet) return plain;
  return {
    ...plain,
    compareAndSet: async (key, expected, tokens) =>
      (await store.compareAndSet?.(key, expected, tokens && seal(key, tokens))) === true,
  };
}

// The connection's key and the version are authenticated too, so tokens that are copied to another row do not decrypt.
function nameOf(key: string, version = ''): Buffer {
  return Buffer.from(JSON.stringify([key, version]));
}

function encrypt(text: string, secret: Buffer, name: Buffer): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(name);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
}

function decrypt(text: string, secret: Buffer, name: Buffer): string | undefined {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length < 28) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(0, 12), { authTagLength: 16 });
  decipher.setAAD(name).setAuthTag(bytes.subarray(12, 28));
  try {
    return decipher.update(bytes.subarray(28), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}
