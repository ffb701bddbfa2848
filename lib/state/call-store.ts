import type { PassportRequest, StateMetadata, StateStore, StoreCallback, VerifyCallback } from './state-store';

/** A login that is started, as a store gets it. */
export interface NewLogin {
  req: PassportRequest;
  meta: StateMetadata;
  /** The PKCE code verifier. Only stores with five parameters get it. */
  verifier: string | undefined;
  /** The app's own state. Only stores with four or five parameters get it. */
  state: unknown;
}

/** Calls a store's `store` with the arguments that the number of its parameters asks for, and returns what it returns. */
export function callStore(store: StateStore, login: NewLogin, callback: StoreCallback): unknown {
  const { req, meta, verifier, state } = login;
  switch (store.store.length) {
    case 5:
      return store.store(req, verifier, state, meta, callback);
    case 4:
      return store.store(req, state, meta, callback);
    case 3:
      return store.store(req, meta, callback);
    default:
      return store.store(req, callback);
  }
}

/** Calls a store's `verify`, which takes the pending login, as {@link callStore} does. */
export function callVerify(
  store: StateStore,
  { req, meta, handle }: { req: PassportRequest; meta: StateMetadata; handle: string },
  callback: VerifyCallback,
): unknown {
  if (store.verify.length === 4) return store.verify(req, handle, meta, callback);
  return store.verify(req, handle, callback);
}
