import { expect } from 'chai';
import { readKey } from '../../lib/tokens/connection-key';
import { rejection } from '../support/errors';
import { opener } from './support';

describe('The key of a connection', () => {
  const open = opener();
  const user = (key: unknown) => readKey('save', key, 'refresh_token', 'id');
  const app = (key?: unknown, clientID = 'id') => readKey('accessToken', key, 'client_credentials', clientID);

  it('is the text that the app gives', () => {
    for (const key of ['1', 'ada@example.com', '😀', '__proto__', 'client_credentials'])
      expect(user(key)).to.equal(key);
  });

  it("is never that of the app's own token", () => {
    for (const key of ['client_credentials:', 'client_credentials:id']) {
      expect(() => user(key)).to.throw(TypeError, 'TokenSource.save: key must not start with client_credentials:');
    }
  });

  it('must be well-formed Unicode, because half of a surrogate pair would become another key', () => {
    for (const key of ['\ud83d', 'a\udc00b', '\udc00\ud83d']) {
      expect(() => user(key)).to.throw(TypeError, 'TokenSource.save: key must be well-formed Unicode');
      expect(() => app(key)).to.throw(TypeError, 'well-formed Unicode');
    }
  });

  it('is different for each app and each token of an app', () => {
    const all = [app(), app('1'), app('1:2'), app(undefined, 'id:1'), app('2', 'id:1'), app('id')];
    expect(new Set(all).size).to.equal(all.length);
    expect(app()).to.equal('client_credentials:id');
    for (const key of all) expect(() => user(key)).to.throw(TypeError);
  });

  it("of a user never returns the app's own token, in a store that both share", async () => {
    const { source, consent, store, client } = await open();
    const [users, machine] = [source(), source({ grant: 'client_credentials' })];
    await users.save('user-1', await consent());
    const token = await machine.accessToken();
    expect(await machine.accessToken('user-1')).to.not.equal(await users.accessToken('user-1'));
    await rejection(users.accessToken(`client_credentials:${client.clientID}`), TypeError);
    expect(await machine.accessToken()).to.equal(token);
    expect(store.size).to.equal(3);
  });
});
