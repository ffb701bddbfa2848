import type { SessionStateStore, StateMetadata } from 'passport-criteo';
import { loadLibrary } from '../library';

type Store = SessionStateStore & { readonly verifier: string | undefined };

/** Returns the class of a session store that tells the PKCE verifier, which steps send a second time. */
export function RecordingStore(): new () => Store {
  const { SessionStateStore } = loadLibrary();
  return class extends SessionStateStore {
    verifier: string | undefined;

    // Five parameters: their number tells the strategy that the store keeps the verifier.
    override store(
      req: Parameters<SessionStateStore['store']>[0],
      verifier: string | undefined,
      state: unknown,
      meta: StateMetadata,
      callback: Parameters<SessionStateStore['store']>[4],
    ): void {
      this.verifier = verifier;
      super.store(req, verifier, state, meta, callback);
    }
  };
}
