import type { TokenGrant } from './options';

// In a shared store the app's own token must never be found under a user's key, nor a user's tokens under the app's.
const RESERVED = 'client_credentials:';

/**
 * Returns the store's key for the key that a method was given. The app's own token has a prefix that no user's key can
 * have, with the client id, so that apps can share a store.
 *
 * @throws {TypeError} naming the method.
 */
export function readKey(method: string, key: unknown, grant: TokenGrant, clientID: string): string {
  const fail = (must: string): never => {
    throw new TypeError(`TokenSource.${method}: key must ${must}`);
  };
  const isApp = grant === 'client_credentials';
  const prefix = `${RESERVED}${encodeURIComponent(clientID)}`;
  if (key === undefined && isApp) return prefix;
  if (typeof key !== 'string' || key === '') return fail('be a non-empty string');
  // Encoders replace half of a surrogate pair by U+FFFD, so that different keys would become one.
  if (/\p{Surrogate}/u.test(key)) return fail('be well-formed Unicode: it has half of a surrogate pair');
  if (isApp) return `${prefix}:${key}`;
  return key.startsWith(RESERVED) ? fail(`not start with ${RESERVED}: such keys are the app's own tokens`) : key;
}
