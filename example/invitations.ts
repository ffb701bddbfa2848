import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { type ConsentEvent, createConsentURL } from 'passport-criteo';
import type { User } from './users';

/** A link that a user made for another person, and the decision on it. */
export interface Invitation {
  /** The link's `state`: Criteo returns it with the decision, which identifies the invitation. */
  readonly id: string;
  readonly from: User;
  readonly url: string;
  readonly madeAt: number;
  decision?: Decision;
}

export interface Decision {
  granted: boolean;
  /** Ids of advertisers or accounts. */
  ids: string[];
}

export interface LinkOptions {
  /** The connector's key pair, from Criteo's Partners Portal. */
  signing: { key: string; secret: string };
  /** Where Criteo sends the invited person after the decision. */
  redirectURI: string;
  /** The consent page, if it is not Criteo's. */
  consentURL: string | undefined;
  /** The time at Criteo, in milliseconds since the epoch. */
  now: number;
}

/** The app's invitations. A real app uses a table of its database, and notifications. */
export class Invitations {
  readonly #all = new Map<string, Invitation>();
  readonly #decided = new EventEmitter().setMaxListeners(0);

  make(from: User, { signing, redirectURI, consentURL, now }: LinkOptions): Invitation {
    const id = randomUUID();
    const url = createConsentURL({ ...signing, state: id, redirectURI, consentURL, timestamp: new Date(now) });
    const invitation = { id, from, url, madeAt: Date.now() };
    this.#all.set(id, invitation);
    return invitation;
  }

  /** Returns an invitation to the user who made it, and to no other user. */
  find(id: string, from: User): Invitation | undefined {
    const invitation = this.#all.get(id);
    return invitation?.from === from ? invitation : undefined;
  }

  /** Returns the invitations of a user, newest first. */
  by(from: User): Invitation[] {
    return [...this.#all.values()].filter((invitation) => invitation.from === from).reverse();
  }

  /** Records a decision that Criteo reports. Returns false if it belongs to no invitation. */
  decide({ type, state, advertisers, accounts }: ConsentEvent): boolean {
    const invitation = this.#all.get(state ?? '');
    // Criteo may add other event types, which are not decisions.
    if (!invitation || !['ConsentGranted', 'ConsentDenied'].includes(type)) return false;
    invitation.decision = {
      granted: type === 'ConsentGranted',
      ids: [...advertisers, ...accounts].map(({ id }) => id),
    };
    this.#decided.emit(invitation.id);
    return true;
  }

  /** Calls the listener at every decision on an invitation. Returns a function that removes the listener. */
  watch({ id }: Invitation, listener: () => void): () => void {
    this.#decided.on(id, listener);
    return () => this.#decided.off(id, listener);
  }
}
