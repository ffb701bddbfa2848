import { expect } from 'chai';
import { CriteoTokenError, CriteoTransportError } from '../../lib/errors';
import { rejection } from '../support/errors';
import { LIFE, MINUTE, opener, until } from './support';

describe('The app’s own access token', () => {
  const open = opener();
  const grant = 'client_credentials';

  it('is requested once for all callers, stored, and replaced a minute before it expires', async () => {
    const { source, asked, pass, store } = await open();
    const machine = source({ grant });
    const tokens = await Promise.all(Array.from({ length: 100 }, () => machine.accessToken()));
    expect(new Set(tokens).size).to.equal(1);
    pass(LIFE - MINUTE - 1);
    expect(await machine.accessToken()).to.equal(tokens[0]);
    expect(asked(grant)).to.equal(1);
    pass(1);
    expect(await machine.accessToken()).to.equal(tokens[0]);
    await until(() => [...store.values()][0]?.accessToken !== tokens[0]);
    expect(await machine.accessToken()).to.not.equal(tokens[0]);
    expect(asked(grant)).to.equal(2);
  });

  it('is stored under the client id, so that apps can share a store, or under a key that the app chooses', async () => {
    const { source, store, client, asked } = await open();
    const token = await source({ grant }).accessToken();
    expect([...store.keys()]).to.deep.equal([`client_credentials:${client.clientID}`]);
    expect(await source({ grant }).accessToken()).to.equal(token);
    expect(await source({ grant }).accessToken('mine')).to.not.equal(token);
    expect(store.get(`client_credentials:${client.clientID}:mine`))
      .to.be.an('object')
      .that.does.not.have.property('refreshToken');
    expect(asked(grant)).to.equal(2);
  });

  it('is replaced after Criteo refused it, and can be deleted', async () => {
    const { source, asked, store } = await open();
    const machine = source({ grant });
    const first = await machine.accessToken();
    expect(await machine.accessToken(undefined, { force: first })).to.not.equal(first);
    await machine.delete();
    expect(store.size).to.equal(0);
    await machine.accessToken();
    expect(asked(grant)).to.equal(3);
  });

  it('is requested twice if Criteo cannot be reached, and the stored one is used until it expires', async () => {
    const { source, asked, sandbox, pass } = await open();
    const machine = source({ grant });
    sandbox.fault({ on: 'token', status: 503 });
    const token = await machine.accessToken();
    expect(asked(grant)).to.equal(2);
    sandbox.fault({ on: 'token', status: 503, times: 3 });
    pass(LIFE - 1);
    expect(await machine.accessToken()).to.equal(token);
    pass(2000);
    expect(await machine.accessToken()).to.not.equal(token);
    expect(asked(grant)).to.equal(6);
  });

  it("ends in an error of Criteo's if the secret is wrong", async () => {
    const { source, sandbox, store } = await open();
    sandbox.fault({ on: 'token', status: 401 });
    const error = await rejection(source({ grant }).accessToken(), CriteoTokenError);
    expect(error).to.include({ code: 'invalid_client', retryable: false });
    // The kept connection, the new one in its place, and the one of the second try.
    sandbox.fault({ on: 'token', reset: true, times: 3 });
    await rejection(source({ grant }).accessToken(), CriteoTransportError);
    expect(store.size).to.equal(0);
  });

  it('cannot be saved', async () => {
    const { source, consent, store } = await open();
    const error = await rejection(source({ grant }).save('user-1', await consent()), TypeError);
    expect(error.message).to.include('client_credentials');
    expect(store.size).to.equal(0);
  });
});
