import type { Timers } from '../../../lib/tokens/clock';

/** A process of a simulation: what happens to it waits while it is frozen, and never happens once it was killed. */
export interface Process {
  name: string;
  isKilled: boolean;
  /** Killed, or closed: what it still has in its memory is lost. */
  hasEnded: boolean;
  frozenUntil: number;
}

interface Event {
  at: number;
  order: number;
  run: () => void;
  owner: Process | undefined;
}

/** Time that goes on only from event to event, so that months pass in milliseconds and every run is the same. */
export class VirtualTime {
  now = 0;
  #order = 0;
  readonly #events = new Set<Event>();

  /** Runs something at a time. What belongs to a process shares its fate. */
  at(at: number, run: () => void, owner?: Process): () => void {
    const event = { at, order: this.#order, run, owner };
    this.#order += 1;
    this.#events.add(event);
    return () => this.#events.delete(event);
  }

  after(milliseconds: number, run: () => void, owner?: Process): () => void {
    return this.at(this.now + milliseconds, run, owner);
  }

  sleep(milliseconds: number, owner?: Process): Promise<void> {
    return new Promise((resolve) => {
      this.after(milliseconds, resolve, owner);
    });
  }

  /** The timers of a process, or of something that does not end. */
  timers(owner?: Process): Timers {
    return {
      steady: () => this.now,
      after: (milliseconds, run) => this.after(milliseconds, run, owner),
      random: () => 0.5,
    };
  }

  /** What happened, for reading after a failure. */
  readonly log: string[] = [];

  note(owner: Process | undefined, text: string): void {
    this.log.push(`${this.now} ${owner?.name ?? 'world'}: ${text}`);
  }

  /** Lets time pass until then. */
  async run(until: number): Promise<void> {
    for (;;) {
      // Everything that promises have to do is done before time goes on.
      await new Promise(setImmediate);
      const next = this.#next();
      if (!next || next.at > until) break;
      this.#events.delete(next);
      this.now = Math.max(this.now, next.at);
      const { owner } = next;
      if (owner?.isKilled) continue;
      if (owner && owner.frozenUntil > this.now) this.at(owner.frozenUntil, next.run, owner);
      else next.run();
    }
    this.now = until;
  }

  #next(): Event | undefined {
    let first: Event | undefined;
    for (const event of this.#events) {
      if (!first || event.at < first.at || (event.at === first.at && event.order < first.order)) first = event;
    }
    return first;
  }
}

/** How an operation on another machine goes. */
export interface Course {
  /** Milliseconds until it arrives there, and until the response is back. */
  there: number;
  back: number;
  outcome: 'done' | 'refused' | 'lost' | 'silent';
}

/**
 * An operation on another machine: it arrives, has its effect whatever has become of the process that asked, and the
 * response comes back to that process, if it does.
 */
export function remote<T>(
  time: VirtualTime,
  owner: Process,
  what: string,
  { there, back, outcome }: Course,
  effect: () => T,
  delivered: () => void = () => {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    const respond = (run: () => void): void => {
      time.after(back, run, owner);
    };
    time.after(there, () => {
      time.note(owner, `${what} ${outcome} after ${there}, back in ${back}`);
      if (outcome === 'refused') return respond(() => reject(new Error('simulated: refused')));
      let result: T;
      try {
        result = effect();
      } catch (error) {
        return respond(() => reject(error));
      }
      if (outcome === 'silent') return;
      if (outcome === 'lost') return respond(() => reject(new Error('simulated: connection lost')));
      respond(() => {
        delivered();
        resolve(result);
      });
    });
  });
}
