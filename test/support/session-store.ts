import type { SessionStateStore } from '../../lib/state/session-store';
import type { PassportRequest, StateMetadata } from '../../lib/state/state-store';

/** Makes the metadata that a strategy passes to a store. */
export function metadata(changes: Partial<StateMetadata> = {}): StateMetadata {
  return {
    authorizationURL: 'https://consent.criteo.com/request',
    tokenURL: 'https://api.criteo.com/oauth2/token',
    clientID: 'client-1',
    callbackURL: 'https://app.example.com/cb',
    strategy: 'criteo',
    purpose: 'authenticate',
    crossSite: false,
    ...changes,
  };
}

/** Returns the arguments with which a store calls back. Throws if it does not call back exactly once. */
export function answerOf(ask: (callback: (...answer: unknown[]) => void) => void): unknown[] {
  const answers: unknown[][] = [];
  ask((...answer) => answers.push(answer));
  const [answer, ...others] = answers;
  if (!answer || others.length > 0) throw new Error(`${answers.length} answers`);
  return answer;
}

/** Makes a request with a session. */
export function requestOf(session: unknown): PassportRequest {
  const parts: unknown = { headers: {}, session };
  return parts as PassportRequest;
}

/** A store and a session, without a strategy. */
export class Bench {
  session: Record<string, unknown> = {};

  constructor(readonly store: SessionStateStore) {}

  start(state?: unknown, meta = metadata(), verifier?: string): unknown[] {
    return answerOf((callback) => this.store.store(requestOf(this.session), verifier, state, meta, callback));
  }

  /** Starts a login. Returns its handle. */
  handle(state?: unknown, meta = metadata(), verifier?: string): string {
    const [error, handle] = this.start(state, meta, verifier);
    if (error) throw error;
    return String(handle);
  }

  finish(handle: unknown, meta = metadata()): unknown[] {
    return answerOf((callback) => this.store.verify(requestOf(this.session), String(handle), meta, callback));
  }

  /** The pending logins by handle. */
  get pending(): Record<string, Record<string, unknown>> {
    return Object(this.session['criteo']);
  }

  get bytes(): number {
    return Buffer.byteLength(JSON.stringify(this.session));
  }
}
