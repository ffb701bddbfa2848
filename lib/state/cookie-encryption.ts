import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const KEY = 32;
const NONCE = 12;
// What node writes by default. A shorter tag never reaches the decipher: `open` cuts out this many bytes.
const TAG = 16;

/**
 * Encrypts and authenticates short texts with AES-256-GCM, under keys derived from secrets with HKDF-SHA256 (RFC 5869),
 * so that the same secret may serve elsewhere too. A sealed text opens only in the context that it was sealed for.
 */
export class Seal {
  readonly #keys: readonly [KeyObject, ...KeyObject[]];

  /**
   * @param purpose what the keys are for; another purpose gives other keys
   * @param secrets the first seals; all of them open
   */
  constructor(purpose: string, secrets: readonly [string, ...string[]]) {
    const key = (from: string): KeyObject =>
      createSecretKey(Buffer.from(hkdfSync('sha256', from, Buffer.alloc(0), purpose, KEY)));
    const [secret, ...older] = secrets;
    this.#keys = [key(secret), ...older.map(key)];
  }

  /** Seals a text. Returns base64url, different each time. */
  seal(text: string, context: string): string {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv(CIPHER, this.#keys[0], nonce);
    cipher.setAAD(Buffer.from(context));
    const encrypted = [cipher.update(text, 'utf8'), cipher.final()];
    return Buffer.concat([nonce, cipher.getAuthTag(), ...encrypted]).toString('base64url');
  }

  /** Returns the text that was sealed for this context under one of the secrets, or undefined. */
  open(sealed: string, context: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64url');
    // The decoder ignores foreign characters and stray bits, so accept only what `seal` would write.
    if (bytes.length < NONCE + TAG || bytes.toString('base64url') !== sealed) return undefined;
    const nonce = bytes.subarray(0, NONCE);
    const tag = bytes.subarray(NONCE, NONCE + TAG);
    for (const key of this.#keys) {
      const decipher = createDecipheriv(CIPHER, key, nonce);
      decipher.setAAD(Buffer.from(context)).setAuthTag(tag);
      const decrypted = decipher.update(bytes.subarray(NONCE + TAG));
      try {
        return Buffer.concat([decrypted, decipher.final()]).toString();
      } catch {
        // Not sealed with this key, or not for this context: nothing of what was decrypted may be believed.
      }
    }
    return undefined;
  }
}
