import { callStore, type NewLogin } from '../state/call-store';
import type { StateStore } from '../state/state-store';
import type { ConsentPage } from './authorization-url';
import { asError, callHook } from './call-hook';
import type { Outcome } from './outcome';

/** What a login needs to start. */
interface LoginStart extends NewLogin {
  consentPage: ConsentPage;
  store: StateStore;
  /** Milliseconds that the store may take. */
  timeout: number;
  /** Parameters to add to the authorization request. */
  extra: Record<string, string>;
}

/** Stores a pending login, and calls back with the redirect to Criteo, or with an error. Calls back exactly once. */
export function startLogin(login: LoginStart, done: (outcome: Outcome) => void): void {
  const { consentPage, store, timeout, extra, meta, verifier } = login;
  callHook(
    'The state store',
    timeout,
    (answer) => callStore(store, login, answer),
    (error, handle) => {
      if (error) return done(['error', error]);
      done(redirect(handle));
    },
  );

  function redirect(handle: unknown): Outcome {
    if (typeof handle !== 'string' || handle === '') {
      return ['error', new TypeError('The state store gave no handle: its store method must call back with a string')];
    }
    try {
      return ['redirect', consentPage.url(meta, { state: handle, verifier, extra })];
    } catch (reason) {
      // A handle that no URL can carry, such as half of a surrogate pair.
      return ['error', asError(reason, 'The authorization URL')];
    }
  }
}
