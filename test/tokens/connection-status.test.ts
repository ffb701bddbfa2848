import { once } from 'node:events';
import { expect } from 'chai';
import { ReauthorizationRequiredError, TokenStoreError } from '../../lib/errors';
import { rejection } from '../support/errors';
import { DAY, gate, LIFE, opener, until } from './support';

describe('The status of a connection', () => {
  const open = opener();

  it('has the dates of the connection and of the refresh token, and no token', async () => {
    const { source, consent, now, pass, sandbox } = await open();
    const connections = source();
    const started = now();
    expect(await connections.status('user-1')).to.equal(undefined);
    const tokens = await consent();
    await connections.save('user-1', tokens);
    expect(await connections.status('user-1')).to.deep.equal({
      connectedAt: started,
      accessTokenExpiresAt: started + LIFE,
      hasRefreshToken: true,
      refreshTokenObtainedAt: started,
      refreshTokenExpiresAt: started + 181 * DAY,
    });
    pass(LIFE);
    await connections.accessToken('user-1');
    expect(await connections.status('user-1')).to.include({ connectedAt: started, refreshTokenObtainedAt: started });
    pass(LIFE);
    sandbox.fault({ on: 'token', rotateRefreshToken: true });
    await connections.accessToken('user-1');
    const facts = { connectedAt: started, refreshTokenObtainedAt: now(), refreshTokenExpiresAt: now() + 181 * DAY };
    expect(await connections.status('user-1')).to.include(facts);
  });

  it('keeps its dates when the same refresh token or none is saved, and has new ones after another refresh token', async () => {
    const { source, consent, now, pass } = await open();
    const connections = source();
    const started = now();
    const tokens = await consent();
    await connections.save('user-1', tokens);
    pass(DAY);
    const later = { obtainedAt: now(), expiresAt: now() + LIFE };
    const { refreshToken: _, ...rest } = tokens;
    for (const again of [
      { ...tokens, ...later },
      { ...rest, ...later },
    ]) {
      await connections.save('user-1', again);
      expect(await connections.status('user-1')).to.include({ connectedAt: started, refreshTokenObtainedAt: started });
    }
    await connections.save('user-1', await consent());
    expect(await connections.status('user-1')).to.include({ connectedAt: now(), refreshTokenObtainedAt: now() });
  });

  it('has the date and the reason if the user must connect again', async () => {
    const { source, consent, now, pass, sandbox } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    await sandbox.revoke();
    pass(LIFE);
    await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
    expect(await connections.status('user-1')).to.include({ reauthorizeSince: now(), reauthorizeReason: 'refused' });
    const { refreshToken: _, ...tokens } = await consent();
    await connections.save('user-2', tokens);
    expect(await connections.status('user-2')).to.include({ hasRefreshToken: false });
    pass(LIFE);
    await rejection(connections.accessToken('user-2'), ReauthorizationRequiredError);
    expect(await connections.status('user-2')).to.include({ reauthorizeReason: 'no_refresh_token' });
  });

  for (const what of ['deleted', 'saved again']) {
    it(`is that of the store if the connection was ${what} during a write of new tokens that failed`, async () => {
      const { source, consent, store, now, pass } = await open({ timeout: 1000 });
      const held = gate();
      let isWriting = false;
      const connections = source({
        store: {
          get: (key) => store.get(key),
          set: () => expect.fail('set was called'),
          delete: () => expect.fail('delete was called'),
          async compareAndSet(key, _expected, tokens) {
            if (tokens && tokens.connectedAt !== now()) {
              isWriting = true;
              await held.promise;
              throw new Error('the connection was lost');
            }
            return tokens ? store.set(key, tokens).has(key) : store.delete(key);
          },
        },
      });
      await connections.save('user-1', await consent());
      pass(LIFE);
      const failed = rejection(connections.accessToken('user-1'), TokenStoreError);
      await until(() => isWriting);
      const latest = await consent();
      await (what === 'deleted' ? connections.delete('user-1') : connections.save('user-1', latest));
      held.open();
      await failed;
      const status = await connections.status('user-1');
      if (what === 'deleted') expect(status).to.equal(undefined);
      else expect(status).to.include({ connectedAt: now() });
    });
  }

  it('has fewer fields for a record that an earlier version of the package stored', async () => {
    const { source, consent, store, now } = await open();
    store.set('user-1', await consent());
    const known = { accessTokenExpiresAt: now() + LIFE, hasRefreshToken: true };
    expect(await source().status('user-1')).to.deep.equal(known);
  });

  it('has no expiry of the refresh token if that was removed from the store', async () => {
    const { source, consent, store } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    const { refreshToken: _, ...rest } = store.get('user-1') ?? (await consent());
    store.set('user-1', rest);
    expect(await connections.status('user-1'))
      .to.include({ hasRefreshToken: false })
      .and.not.have.property('refreshTokenExpiresAt');
  });

  for (const [what, reason] of [
    ['null, as in a column of a table', null],
    ['one that this version of the package does not know', 'moved'],
  ] as const) {
    it(`has no reason if the stored one is ${what}`, async () => {
      const { source, consent, store, now } = await open();
      store.set('user-1', { ...(await consent()), reauthorizeReason: reason as never });
      const known = { accessTokenExpiresAt: now() + LIFE, hasRefreshToken: true };
      expect(await source().status('user-1')).to.deep.equal(known);
    });
  }
});

describe('A refresh token that will expire soon', () => {
  const open = opener();

  it('is announced once, two weeks before, when the connection is used, and so is the next one', async () => {
    const { source, consent, now, pass } = await open();
    const told: [string, number][] = [];
    const options = { onExpiring: (key: string, { expiresAt }: { expiresAt: number }) => told.push([key, expiresAt]) };
    const connections = source(options);
    const use = async (): Promise<void> => {
      await connections.accessToken('user-1');
      await source(options).accessToken('user-1');
    };
    const started = now();
    await connections.save('user-1', await consent());
    pass(167 * DAY - 1);
    await use();
    expect(told).to.deep.equal([]);
    pass(LIFE);
    await use();
    pass(DAY);
    await use();
    expect(told).to.deep.equal([['user-1', started + 181 * DAY]]);
    await connections.save('user-1', await consent());
    pass(170 * DAY);
    await use();
    await until(() => told.length === 2);
  });

  it('is announced at the time that the option expiringWithin sets', async () => {
    const { source, consent, pass } = await open();
    const told: string[] = [];
    const connections = source({ onExpiring: (key) => told.push(key), expiringWithin: 100 * DAY });
    await connections.save('user-1', await consent());
    pass(81 * DAY);
    await connections.accessToken('user-1');
    await until(() => told.length === 1);
  });

  it('is announced once, even if a source without the hook refreshes the connection in between', async () => {
    const { source, consent, pass } = await open();
    const told: string[] = [];
    const connections = source({ onExpiring: (key) => told.push(key) });
    await connections.save('user-1', await consent());
    pass(170 * DAY);
    for (const each of [connections, source(), connections]) {
      await each.accessToken('user-1');
      pass(LIFE);
    }
    await new Promise(setImmediate);
    expect(told).to.deep.equal(['user-1']);
  });

  it('is used even if the hook fails, which is a process warning', async () => {
    const { source, consent, pass } = await open();
    const connections = source({ onExpiring: () => Promise.reject(new Error('no mail today')) });
    await connections.save('user-1', await consent());
    pass(170 * DAY);
    const warned = once(process, 'warning');
    expect(await connections.accessToken('user-1')).to.be.a('string');
    const [warning] = await warned;
    expect(warning).to.include({ code: 'CRITEO_HOOK_FAILED', detail: 'Error: no mail today' });
    expect(warning.message).to.equal('The hook onExpiring of a TokenSource failed');
  });
});
