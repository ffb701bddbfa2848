import Keyv from 'keyv';
// In an ES module: import sqlite from 'node-sqlite3-wasm'; const { Database } = sqlite;
import { Database } from 'node-sqlite3-wasm';
import { type CriteoClient, TokenSource } from 'passport-criteo';

/** A table of SQLite with the methods of a Map, which Keyv accepts as a store. */
class SQLiteMap {
  readonly #database: Database;

  constructor(file: string) {
    this.#database = new Database(file);
    this.#database.exec('CREATE TABLE IF NOT EXISTS criteo_tokens (key TEXT PRIMARY KEY, value TEXT NOT NULL)');
  }

  get(key: string) {
    return this.#database.get('SELECT value FROM criteo_tokens WHERE key = ?', [key])?.['value'];
  }

  set(key: string, value: string) {
    this.#database.run('INSERT OR REPLACE INTO criteo_tokens (key, value) VALUES (?, ?)', [key, value]);
  }

  delete(key: string) {
    return this.#database.run('DELETE FROM criteo_tokens WHERE key = ?', [key]).changes > 0;
  }

  clear() {
    this.#database.run('DELETE FROM criteo_tokens');
  }

  close() {
    this.#database.close();
  }
}

/** Makes a store in a file, for one process. `encrypted` takes it, too. */
export function sqliteStore(file: string) {
  const table = new SQLiteMap(file);
  const store = new Keyv({ store: table, throwOnErrors: true });
  store.on('error', () => {}); // every failure also rejects a promise
  return { store, close: () => table.close() };
}

/** Makes a TokenSource that stores tokens in a file, for one process. */
export function sqliteTokens(client: CriteoClient, file: string) {
  const { store, close } = sqliteStore(file);
  return { tokens: new TokenSource({ client, store }), close };
}
