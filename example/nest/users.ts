import { Injectable } from '@nestjs/common';
import type { User } from './settings.js';

/** Replace this class with your database. */
@Injectable()
export class Users {
  readonly #users = new Map<string, User>();

  save(user: User): User {
    this.#users.set(user.id, user);
    return user;
  }

  find(id = ''): User | undefined {
    return this.#users.get(id);
  }
}
