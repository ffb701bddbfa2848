import { inspect } from 'node:util';
import { expect } from 'chai';
import Keyv from 'keyv';
import type { TokenSet } from '../../lib/criteo/token-set';
import type { TokenStore } from '../../lib/tokens/store';
import { TokenSource } from '../../lib/tokens/token-source';
import { rejection } from '../support/errors';
import { opener } from './support';

// What must compile: a Map and a Keyv are stores.
const stores: TokenStore[] = [new Map<string, TokenSet>(), new Keyv(), new Keyv<TokenSet>()];

describe('The options of a TokenSource', () => {
  const open = opener();

  for (const [option, value] of [
    ['client', { refresh: () => {} }],
    ['client', undefined],
    ['store', null],
    ['store', new Set()],
    ['store', { get() {}, set() {} }],
    ['store', { get() {}, set() {}, delete() {}, compareAndSet: true }],
    ['grant', 'authorization_code'],
    ['lock', {}],
    ['skew', -1],
    ['skew', Number.POSITIVE_INFINITY],
    ['skew', '60000'],
    ['now', 0],
    ['onReauthorizationRequired', 'mail'],
    ['onExpiring', 'mail'],
    ['expiringWithin', -1],
    ['expiringWithin', '14 days'],
    ['concurrency', 0],
    ['concurrency', 1.5],
    ['concurrency', Number.POSITIVE_INFINITY],
  ] as const) {
    it(`are refused, with the name of the option, if ${option} is ${inspect(value)}`, async () => {
      const { client } = await open();
      const options = { client, [option]: value } as never;
      expect(() => new TokenSource(options)).to.throw(TypeError, `TokenSource: the option ${option} must`);
    });
  }

  it('are required', () => {
    expect(() => new TokenSource(undefined as never)).to.throw(TypeError, 'TokenSource: the option client');
  });

  it('are not changed', async () => {
    const { client } = await open();
    new TokenSource(Object.freeze({ client, store: Object.freeze(new Map()) }));
  });

  it('accept any store with get, set and delete, and use a new Map without one', async () => {
    const { source, consent, now, client } = await open();
    const tokens = await consent();
    const sources = [...stores.map((store) => source({ store })), new TokenSource({ client, now })];
    for (const connections of sources) {
      await connections.save('user-1', tokens);
      expect(await connections.accessToken('user-1')).to.equal(tokens.accessToken);
    }
    await rejection(new TokenSource({ client, now }).accessToken('user-1'), Error);
  });

  it('appear nowhere when a source is inspected or serialised', async () => {
    const { source, consent, sandbox } = await open();
    const tokens = await consent();
    const connections = source();
    await connections.save('user-1', tokens);
    const text = inspect(connections, { depth: 10, showHidden: true }) + JSON.stringify(connections);
    for (const secret of [tokens.accessToken, tokens.refreshToken ?? '', sandbox.app.clientSecret]) {
      expect(text).to.not.include(secret);
    }
  });
});

describe('The arguments of a TokenSource’s methods', () => {
  const open = opener();

  for (const key of [undefined, null, '', 7, {}, ['user-1']] as never[]) {
    it(`are refused by every method if the key is ${inspect(key)}`, async () => {
      const { source, consent, store } = await open();
      const connections = source();
      const tokens = await consent();
      for (const [method, call] of Object.entries({
        save: () => connections.save(key, tokens),
        accessToken: () => connections.accessToken(key),
        fetch: () => connections.fetch(key, '/2026-07/advertisers/me'),
        delete: () => connections.delete(key),
        status: () => connections.status(key),
      })) {
        const error = await rejection(call(), TypeError);
        expect(error.message).to.equal(`TokenSource.${method}: key must be a non-empty string`);
      }
      expect(store.size).to.equal(0);
    });
  }

  it('may be a key such as __proto__', async () => {
    const { source, consent } = await open();
    const tokens = await consent();
    const connections = source();
    await connections.save('__proto__', tokens);
    expect(await connections.accessToken('__proto__')).to.equal(tokens.accessToken);
  });

  for (const [what, changes, text] of [
    ['nothing', undefined, 'is not an object'],
    ['no access token', { accessToken: '' }, 'accessToken'],
    ['no expiry time', { expiresAt: undefined }, 'expiresAt'],
    ['an obtainedAt that is not a number', { obtainedAt: '2026' }, 'obtainedAt'],
    ['a refresh token that could not be sent', { refreshToken: 'ö' }, 'refreshToken'],
  ] as const) {
    it(`are refused by save, without showing a value, if the tokens have ${what}`, async () => {
      const { source, consent, store } = await open();
      const tokens = changes && { ...(await consent()), ...changes };
      const error = await rejection(source().save('user-1', tokens as never), TypeError);
      expect(error.message)
        .to.match(/^TokenSource\.save: tokens /)
        .and.include(text);
      expect(error.message).to.not.include('2026').and.not.include('ö');
      expect(store.size).to.equal(0);
    });
  }

  for (const force of [7, '', {}]) {
    it(`are refused by accessToken if force is ${inspect(force)}`, async () => {
      const { source } = await open();
      const error = await rejection(source().accessToken('user-1', { force: force as never }), TypeError);
      expect(error.message).to.include('force');
    });
  }

  it('are refused if the signal is not an AbortSignal', async () => {
    const { source } = await open();
    const signal = new AbortController() as never;
    const message = async (call: Promise<unknown>) => (await rejection(call, TypeError)).message;
    const problem = 'signal must be an AbortSignal';
    expect(await message(source().accessToken('a', { signal }))).to.equal(`TokenSource.accessToken: ${problem}`);
    expect(await message(source().fetch('a', '/', { signal }))).to.equal(`TokenSource.fetch: ${problem}`);
  });

  it('may have null in place of a signal, as the global fetch does', async () => {
    const { source, consent } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    await connections.accessToken('user-1', { signal: null as never });
    expect((await connections.fetch('user-1', '/2026-07/advertisers/me', { signal: null })).status).to.equal(200);
  });

  it('may be null in place of an object of options', async () => {
    const { source, consent } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    await connections.accessToken('user-1', null as never);
    expect((await connections.fetch('user-1', '/2026-07/advertisers/me', null as never)).status).to.equal(200);
  });
});
