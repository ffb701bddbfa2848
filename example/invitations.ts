import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { type ConsentEvent, createConsentURL } from 'passport-criteo';
import type { User } from './users';

/** A link that somebody made for somebody else, and what became of it. */
export interface Invitation {
  /** The link's `state`: comes back with the decision, and tells which invitation it is about. */
  readonly id: string;
  readonly from: User;
  readonly url: string;
  readonly madeAt: number;
  decision?: Decision;
}

export interface Decision {
  granted: boolean;
  /** Of advertisers or accounts. */
  ids: string[];
}

/** What it takes to make a link. */
export interface LinkOptions {
  /** The connector's key pair, from Criteo's Partners Portal. */
  signing: { key: string; secret: string };
  /** Where the invited person goes afterwards. */
  redirectURI: string;
  /** The consent page, if it is not Criteo's. */
  consentURL: string | undefined;
}

/** The app's memory of invitations: in a real app, a table of its database, and its notifications. */
export class Invitations {
  readonly #all = new Map<string, Invitation>();
  readonly #decided = new EventEmitter().setMaxListeners(0);

  make(from: User, { signing, redirectURI, consentURL }: LinkOptions): Invitation {
    const id = randomUUID();
    const url = createConsentURL({ ...signing, state: id, redirectURI, consentURL });
    const invitation = { id, from, url, madeAt: Date.now() };
    this.#all.set(id, invitation);
    return invitation;
  }

  /** The invitation, for who made it and nobody else. */
  find(id: string, from: User): Invitation | undefined {
    const invitation = this.#all.get(id);
    return invitation?.from === from ? invitation : undefined;
  }

  /** Newest first. */
  by(from: User): Invitation[] {
    return [...this.#all.values()].filter((invitation) => invitation.from === from).reverse();
  }

  /** Takes what Criteo reports. @returns whether it was about an invitation that is known here */
  decide({ type, state, advertisers, accounts }: ConsentEvent): boolean {
    const invitation = this.#all.get(state ?? '');
    // Criteo may come to report other things than these two: they are no decision.
    if (!invitation || !['ConsentGranted', 'ConsentDenied'].includes(type)) return false;
    invitation.decision = {
      granted: type === 'ConsentGranted',
      ids: [...advertisers, ...accounts].map(({ id }) => id),
    };
    this.#decided.emit(invitation.id);
    return true;
  }

  /** Calls back at every decision from now on. @returns what ends that */
  watch({ id }: Invitation, listener: () => void): () => void {
    this.#decided.on(id, listener);
    return () => this.#decided.off(id, listener);
  }
}
