import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import Keyv from 'keyv';
import { CriteoClient } from 'passport-criteo';
import { encrypted } from '../../example/tokens/encrypted';
import { sqliteTokens } from '../../example/tokens/sqlite';
import { TokenStoreError } from '../../lib/errors';
import { rejection } from '../support/errors';
import { LIFE, opener } from './support';

describe('Tokens encrypted at rest', () => {
  const open = opener();
  const newKey = (): string => randomBytes(32).toString('base64');

  it('come back, and show nothing in the store', async () => {
    const { source, consent, pass } = await open();
    const texts = new Map<string, string>();
    const tokens = await consent();
    const connections = source({ store: encrypted(texts, [newKey()]) });
    await connections.save('user-1', tokens);
    expect(await connections.accessToken('user-1')).to.equal(tokens.accessToken);
    const readable = `${texts.get('user-1')} ${Buffer.from(texts.get('user-1') ?? '', 'base64').toString('latin1')}`;
    for (const part of [tokens.accessToken, tokens.refreshToken, 'accessToken', 'user-1']) {
      expect(readable).to.not.include(part);
    }
    pass(LIFE);
    expect(await connections.accessToken('user-1')).to.not.equal(tokens.accessToken);
    await connections.delete('user-1');
    expect(texts.size).to.equal(0);
    await rejection(connections.accessToken('user-1'), Error);
  });

  it('survive a change of keys', async () => {
    const { source, consent, pass } = await open();
    const texts = new Keyv<string>();
    const [old, recent] = [newKey(), newKey()];
    const tokens = await consent();
    await source({ store: encrypted(texts, [old]) }).save('user-1', tokens);
    const connections = source({ store: encrypted(texts, [recent, old]) });
    expect(await connections.accessToken('user-1')).to.equal(tokens.accessToken);
    pass(1000);
    const fresh = await connections.accessToken('user-1', { force: true });
    expect(await source({ store: encrypted(texts, [recent]) }).accessToken('user-1')).to.equal(fresh);
  });

  it('are not believed if they were changed, moved to another connection, cut off, or sealed by somebody else', async () => {
    const { source, consent, asked } = await open();
    const texts = new Map<string, string>();
    const key = newKey();
    const connections = source({ store: encrypted(texts, [key]) });
    await connections.save('user-1', await consent());
    const text = texts.get('user-1') ?? '';
    texts.set('changed', text.replace(/.{8}$/, 'AAAAAAAA'));
    texts.set('moved', text);
    texts.set('cut off', text.slice(0, 8));
    for (const name of ['changed', 'moved', 'cut off']) {
      const error = await rejection(connections.accessToken(name), TokenStoreError);
      expect(error.code).to.equal('store_failed');
    }
    await rejection(source({ store: encrypted(texts, [newKey()]) }).accessToken('user-1'), TokenStoreError);
    expect(asked()).to.equal(0);
  });

  it('need keys of 32 bytes', () => {
    expect(() => encrypted(new Map(), ['short'])).to.throw(TypeError, '32 bytes');
  });
});

describe('Tokens in SQLite', () => {
  const open = opener();

  it('outlive the process, through Keyv', async () => {
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
