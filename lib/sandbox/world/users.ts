import type { Holding, SandboxUser, SandboxUserOptions, Service } from '../types';

/** Returns what a user can share with an app of this service. */
export function holdingsOf(user: SandboxUser, service: Service): readonly Holding[] {
  return service === 'retail-media' ? user.accounts : user.advertisers;
}

const names = ['Northwind Outdoor', 'Lumen & Oak', 'Piccola Cucina', 'Kestrel Cycles', 'Café Soleil'];
const advertiserIDs = ['13', '1352', '20417', '48151', '90210'];

/** Returns so many made-up advertisers or accounts, or a copy of those that are given. */
export function makeHoldings(portfolio: number | readonly Holding[], service: Service): readonly Holding[] {
  // Frozen, because callers get to see them.
  if (typeof portfolio !== 'number') return Object.freeze(portfolio.map(({ id, name }) => Object.freeze({ id, name })));
  const made = Array.from({ length: portfolio }, (_, index) => ({
    id: service === 'retail-media' ? accountID(index) : (advertiserIDs[index] ?? String(100_000 + index)),
    name: names[index] ?? `Client ${index + 1}`,
  }));
  return Object.freeze(made.map((holding) => Object.freeze(holding)));
}

/** Criteo's example has 2^64, beyond 64 bits; real ids are smaller. Both kinds exceed 2^53, where numbers get rounded. */
function accountID(index: number): string {
  return String((index % 2 === 0 ? 2n ** 64n : 2n ** 59n) + BigInt(index));
}

/** Users that show what real trouble needs: overlaps, a role without rights, nothing to share, much to share. */
export const exampleUsers: readonly SandboxUserOptions[] = [
  { id: 'ada', name: 'Ada Moreau', advertisers: 3, accounts: 3 },
  {
    id: 'ben',
    name: 'Ben Okafor (shares two advertisers with Ada)',
    advertisers: makeHoldings(5, 'marketing-solutions').slice(1),
    accounts: makeHoldings(5, 'retail-media').slice(1),
  },
  { id: 'chloe', name: 'Chloé Nguyen (may not consent)', advertisers: 3, accounts: 3, mayConsent: false },
  { id: 'dmitri', name: 'Dmitri Novak (has nothing to share)', advertisers: 0, accounts: 0 },
  { id: 'emi', name: 'Emi Tanaka (has 500 advertisers)', advertisers: 500, accounts: 500 },
];

/** More users than a test needs; a limit because the HTTP API can add them. */
const mostUsers = 1_000;

/** The users of Criteo that the sandbox knows. */
export class Users {
  #users: SandboxUser[] = [];

  /** @throws TypeError if the id is taken, or there are too many users */
  add({ id, name, advertisers = 5, accounts = 5, mayConsent = true }: SandboxUserOptions): SandboxUser {
    if (this.#users.length >= mostUsers) throw new TypeError(`sandbox.addUser: there are ${mostUsers} users already`);
    const user: SandboxUser = Object.freeze({
      id: id ?? this.#freeID(),
      name,
      advertisers: makeHoldings(advertisers, 'marketing-solutions'),
      accounts: makeHoldings(accounts, 'retail-media'),
      mayConsent,
    });
    if (this.#users.some((other) => other.id === user.id)) throw new TypeError(`the user id ${user.id} is taken`);
    this.#users.push(user);
    return user;
  }

  remove(user: SandboxUser): void {
    this.#users = this.#users.filter((other) => other !== user);
  }

  get all(): readonly SandboxUser[] {
    return this.#users;
  }

  /** The first user: there is always one. */
  get first(): SandboxUser {
    const [first] = this.#users;
    if (!first) throw new Error('The sandbox has no user');
    return first;
  }

  /** Finds a user by id or name. */
  find(idOrName: string): SandboxUser | undefined {
    return this.#users.find(({ id }) => id === idOrName) ?? this.#users.find(({ name }) => name === idOrName);
  }

  /** @throws TypeError naming the id */
  get(idOrName: string): SandboxUser {
    const user = this.find(idOrName);
    if (!user) throw new TypeError(`there is no user ${idOrName}`);
    return user;
  }

  #freeID(): string {
    for (let number = this.#users.length + 1; ; number += 1) {
      if (!this.#users.some(({ id }) => id === `user-${number}`)) return `user-${number}`;
    }
  }
}
