import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import Keyv from 'keyv';
import { CriteoClient } from 'passport-criteo';
import { encrypted, type SealedTokens } from '../../example/tokens/encrypted';
import { sqliteStore, sqliteTokens } from '../../example/tokens/sqlite';
import { TokenStoreError } from '../../lib/errors';
import { rejection } from '../support/errors';
import { LIFE, opener } from './support';

describe('Tokens encrypted at rest', () => {
  const open = opener();
  const newKey = (): string => randomBytes(32).toString('base64');

  it('can be read again, and the store shows nothing of them', async () => {
    const { source, consent, pass } = await open();
    const rows = new Map<string, SealedTokens>();
    const tokens = await consent();
    const connections = source({ store: encrypted(rows, [newKey()]) });
    await connections.save('user-1', tokens);
    expect(await connections.accessToken('user-1')).to.equal(tokens.accessToken);
    const { sealed = '' } = rows.get('user-1') ?? {};
    const readable = `${JSON.stringify(rows.get('user-1'))} ${Buffer.from(sealed, 'base64').toString('latin1')}`;
    for (const part of [tokens.accessToken, tokens.refreshToken, 'accessToken', 'user-1']) {
      expect(readable).to.not.include(part);
    }
    pass(LIFE);
    expect(await connections.accessToken('user-1')).to.not.equal(tokens.accessToken);
    await connections.delete('user-1');
    expect(rows.size).to.equal(0);
    await rejection(connections.accessToken('user-1'), Error);
  });

  it('can be read after a change of keys', async () => {
    const { source, consent, pass } = await open();
    const texts = new Keyv<SealedTokens>();
    const [old, recent] = [newKey(), newKey()];
    const tokens = await consent();
    await source({ store: encrypted(texts, [old]) }).save('user-1', tokens);
    const connections = source({ store: encrypted(texts, [recent, old]) });
    expect(await connections.accessToken('user-1')).to.equal(tokens.accessToken);
    pass(1000);
    const fresh = await connections.accessToken('user-1', { force: true });
    expect(await source({ store: encrypted(texts, [recent]) }).accessToken('user-1')).to.equal(fresh);
  });

  it('are refused if they were changed, moved to another connection, cut off, or encrypted with another key', async () => {
    const { source, consent, asked } = await open();
    const rows = new Map<string, SealedTokens>();
    const key = newKey();
    const connections = source({ store: encrypted(rows, [key]) });
    await connections.save('user-1', await consent());
    const { sealed, version = '' } = rows.get('user-1') as SealedTokens;
    rows.set('changed', { version, sealed: sealed.replace(/.{8}$/, 'AAAAAAAA') });
    rows.set('moved', { version, sealed });
    rows.set('cut off', { version, sealed: sealed.slice(0, 8) });
    rows.set('with another version', { version: 'another', sealed });
    for (const name of ['changed', 'moved', 'cut off', 'with another version']) {
      const error = await rejection(connections.accessToken(name), TokenStoreError);
      expect(error.code).to.equal('store_invalid');
    }
    await rejection(source({ store: encrypted(rows, [newKey()]) }).accessToken('user-1'), TokenStoreError);
    expect(asked()).to.equal(0);
  });

  it('use the compareAndSet of the store, and can be replaced if they cannot be decrypted', async () => {
    const { source, consent, pass } = await open();
    const rows = new Map<string, SealedTokens>();
    const store = {
      get: (key: string) => rows.get(key),
      set: () => expect.fail('set was called'),
      delete: () => expect.fail('delete was called'),
      compareAndSet(key: string, expected: string | undefined, tokens: SealedTokens | undefined) {
        if (rows.get(key)?.version !== expected) return false;
        return tokens ? rows.set(key, tokens).has(key) : rows.delete(key);
      },
    };
    await source({ store: encrypted(store, [newKey()]) }).save('user-1', await consent());
    const connections = source({ store: encrypted(store, [newKey()]) });
    await rejection(connections.accessToken('user-1'), TokenStoreError);
    await connections.save('user-1', await consent());
    pass(LIFE);
    await connections.accessToken('user-1');
    await connections.delete('user-1');
    expect(rows.size).to.equal(0);
  });

  it('need keys of 32 bytes', () => {
    for (const key of ['short', process.env['NOT_SET'] as string]) {
      expect(() => encrypted(new Map(), [key])).to.throw(
        TypeError,
        '32 bytes in base64. Is the environment variable set?',
      );
    }
  });
});

describe('Tokens in SQLite', () => {
  const open = opener();

  it('can be encrypted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'passport-criteo-sqlite-'));
    const file = join(folder, 'tokens.db');
    const key = randomBytes(32).toString('base64');
    try {
      const { source, consent } = await open();
      const tokens = await consent();
      const first = sqliteStore(file);
      await source({ store: encrypted(first.store, [key]) }).save('user-1', tokens);
      first.close();
      expect(await readFile(file, 'latin1')).to.not.include(tokens.refreshToken);
      const second = sqliteStore(file);
      expect(await source({ store: encrypted(second.store, [key]) }).accessToken('user-1')).to.equal(
        tokens.accessToken,
      );
      second.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('are still there after a restart, with Keyv', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'passport-criteo-sqlite-'));
    const file = join(folder, 'tokens.db');
    try {
      const { sandbox, consent } = await open();
      const client = new CriteoClient({ ...sandbox.app, ...sandbox.endpoints });
      const tokens = { ...(await consent()), obtainedAt: Date.now(), expiresAt: Date.now() + LIFE };
      const first = sqliteTokens(client, file);
      await first.tokens.save('user-1', tokens);
      first.close();
      const second = sqliteTokens(client, file);
      expect(await second.tokens.accessToken('user-1')).to.equal(tokens.accessToken);
      const fresh = await second.tokens.accessToken('user-1', { force: tokens.accessToken });
      expect(fresh).to.not.equal(tokens.accessToken);
      second.close();
      const third = sqliteTokens(client, file);
      expect(await third.tokens.accessToken('user-1')).to.equal(fresh);
      await third.tokens.delete('user-1');
      expect(await rejection(third.tokens.accessToken('user-1'), Error)).to.include({ code: 'not_connected' });
      third.close();
      expect(await rejection(third.tokens.accessToken('user-1'), Error)).to.include({ code: 'store_failed' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
