import { once } from 'node:events';
import { inspect } from 'node:util';
import { expect } from 'chai';
import type { TokenSet } from '../../lib/criteo/token-set';
import {
  CriteoTokenError,
  CriteoTransportError,
  ReauthorizationRequiredError,
  TokenStoreError,
} from '../../lib/errors';
import type { StoredTokenSet } from '../../lib/tokens/stored-tokens';
import { expectNoSecret, rejection } from '../support/errors';
import { bare, LIFE, MINUTE, opener, until } from './support';

describe('A connection that has ended', () => {
  const open = opener();

  it('is marked without losing its tokens, rejects with an error, and no process asks Criteo about it again', async () => {
    const { source, consent, pass, asked, sandbox, store, now } = await open();
    const tokens = await consent();
    const told: string[] = [];
    const options = { onReauthorizationRequired: (key: string) => told.push(key) };
    const connections = source(options);
    await connections.save('user-1', tokens);
    await sandbox.revoke();
    pass(LIFE);
    const error = await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
    expect(error).to.include({ code: 'reauthorization_required', status: 401, reauthorize: true, retryable: false });
    expect(error.message).to.include('user-1').and.include('again');
    expect(error.cause).to.be.instanceOf(CriteoTokenError).and.include({ code: 'invalid_grant' });
    expectNoSecret(error, tokens.accessToken, tokens.refreshToken ?? '', sandbox.app.clientSecret);
    expect(bare(store.get('user-1'))).to.deep.equal(tokens);
    expect(store.get('user-1')).to.include({ reauthorizeSince: now(), reauthorizeReason: 'refused' });

    await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
    await rejection(connections.accessToken('user-1', { force: true }), ReauthorizationRequiredError);
    await rejection(source(options).accessToken('user-1'), ReauthorizationRequiredError);
    expect(asked()).to.equal(1);
    expect(told).to.deep.equal(['user-1']);
  });

  it('is reported to the app once, however many callers find out', async () => {
    const { source, consent, pass, asked, sandbox } = await open();
    const told: string[] = [];
    const connections = source({ onReauthorizationRequired: (key) => told.push(key) });
    await connections.save('user-1', await consent());
    await sandbox.revoke();
    pass(LIFE);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, async () => connections.accessToken('user-1')),
    );
    expect(outcomes.every(({ status }) => status === 'rejected')).to.equal(true);
    expect(asked()).to.equal(1);
    expect(told).to.deep.equal(['user-1']);
  });

  it('works again after the next consent', async () => {
    const { source, consent, pass, sandbox, store } = await open();
    const connections = source();
    const { refreshToken: _, ...tokens } = await consent();
    await connections.save('user-1', await consent());
    await sandbox.revoke();
    pass(LIFE);
    await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
    // A dead refresh token is not worth keeping.
    await connections.save('user-1', {
      ...tokens,
      obtainedAt: tokens.obtainedAt + LIFE,
      expiresAt: tokens.expiresAt + LIFE,
    });
    expect(await connections.accessToken('user-1')).to.equal(tokens.accessToken);
    expect(store.get('user-1')).to.not.have.property('refreshToken');
    await rejection(connections.accessToken('user-1', { force: tokens.accessToken }), ReauthorizationRequiredError);
    const latest = await consent();
    await connections.save('user-1', latest);
    expect(await connections.accessToken('user-1')).to.equal(latest.accessToken);
  });

  it('is one without a refresh token whose access token has expired', async () => {
    const { source, consent, pass, asked, store } = await open();
    const connections = source();
    const { refreshToken: _, ...tokens } = await consent();
    await connections.save('user-1', tokens);
    pass(LIFE - 30_000);
    expect(await connections.accessToken('user-1')).to.equal(tokens.accessToken);
    await new Promise(setImmediate);
    expect(store.get('user-1')).to.not.have.property('reauthorizeSince');
    pass(30_000);
    await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
    expect(store.get('user-1')).to.have.property('reauthorizeSince');
    expect(asked()).to.equal(0);
  });

  it('is not one that was never saved', async () => {
    const told: string[] = [];
    const { source, asked } = await open();
    const connections = source({ onReauthorizationRequired: (key) => told.push(key) });
    const error = await rejection(connections.accessToken('nobody'), ReauthorizationRequiredError);
    expect(error).to.include({ code: 'not_connected', reauthorize: true });
    expect(error.message).to.include('nobody');
    expect(asked() + told.length).to.equal(0);
  });

  for (const [how, hook, detail] of [
    ['throws', () => expect.fail('no mail today'), 'AssertionError: no mail today'],
    ['rejects', async () => expect.fail('no mail today'), 'AssertionError: no mail today'],
    ['rejects with an object without a string form', () => Promise.reject(Object.create(null)), 'Error'],
  ] as const) {
    it(`is reported by a process warning if the hook ${how}`, async () => {
      const { source, consent, pass, sandbox } = await open();
      const connections = source({ onReauthorizationRequired: hook });
      await connections.save('user-1', await consent());
      await sandbox.revoke();
      pass(LIFE);
      const warned = once(process, 'warning');
      await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
      const [warning] = await warned;
      expect(warning).to.include({ code: 'CRITEO_HOOK_FAILED', detail });
      expect(warning.message).to.include('onReauthorizationRequired');
    });
  }

  it('works if another process has replaced the refresh token', async () => {
    const { source, consent, pass, sandbox, store, asked } = await open();
    const told: string[] = [];
    const connections = source({ onReauthorizationRequired: (key) => told.push(key) });
    await connections.save('user-1', await consent());
    pass(LIFE);
    await sandbox.revoke();
    const winner = await consent();
    sandbox.fault({ on: 'token', delay: 20 });
    const token = connections.accessToken('user-1');
    await until(() => asked() === 1);
    store.set('user-1', winner);
    expect(await token).to.equal(winner.accessToken);
    expect(asked()).to.equal(1);
    expect(told).to.deep.equal([]);
    expect(store.get('user-1')).to.deep.equal(winner);
  });

  it('ends in an error if the store returns another refresh token each time', async () => {
    const { source, consent, pass, asked } = await open();
    const tokens = await consent();
    let reads = 0;
    const store = {
      get: () => {
        reads += 1;
        return { ...tokens, refreshToken: `made-up-${reads}` };
      },
      set: () => expect.fail('something was written'),
      delete: () => true,
    };
    pass(LIFE);
    const error = await rejection(source({ store }).accessToken('user-1'), TokenStoreError);
    expect(error).to.include({ code: 'store_failed', retryable: true });
    expect(asked()).to.equal(2);
  });
});

describe('When Criteo refuses the app or cannot be reached', () => {
  const open = opener();

  it('keeps the tokens, and says that the secret of the app is wrong', async () => {
    const { source, consent, pass, sandbox, store } = await open();
    const tokens = await consent();
    const connections = source();
    await connections.save('user-1', tokens);
    sandbox.fault({ on: 'token', status: 401 });
    // In the last seconds of the token: a refusal is not an outage, so the token does not hide it.
    pass(LIFE - 1);
    const error = await rejection(connections.accessToken('user-1'), CriteoTokenError);
    expect(error).to.include({ code: 'invalid_client', retryable: false, reauthorize: false });
    expect(bare(store.get('user-1'))).to.deep.equal(tokens);
    pass(2000);
    expect(await connections.accessToken('user-1')).to.not.equal(tokens.accessToken);
  });

  for (const [what, fault, facts] of [
    ['a response with status 503', { status: 503 }, { code: 'invalid_response' }],
    ['a reset connection', { reset: true }, { code: 'connection_failed' }],
    ['a broken response', { truncate: true }, { code: 'response_truncated' }],
    [
      'temporarily_unavailable',
      { status: 400, body: { error: 'temporarily_unavailable' } },
      { code: 'temporarily_unavailable' },
    ],
  ] as const) {
    it(`sends the request once more after ${what}`, async () => {
      const { source, consent, pass, sandbox, asked } = await open();
      const tokens = await consent();
      const connections = source();
      await connections.save('user-1', tokens);
      sandbox.fault({ on: 'token', ...fault });
      pass(LIFE);
      expect(await connections.accessToken('user-1'))
        .to.be.a('string')
        .and.not.equal(tokens.accessToken);
      expect(asked()).to.equal(2);
    });

    it(`keeps the tokens and says to try later after ${what} came twice`, async () => {
      const { source, consent, pass, sandbox, asked, store } = await open();
      const tokens = await consent();
      const connections = source();
      await connections.save('user-1', tokens);
      sandbox.fault({ on: 'token', times: 2, ...fault });
      pass(LIFE);
      const error = await rejection(connections.accessToken('user-1'), Error);
      expect(error).to.include({ retryable: true, reauthorize: false, ...facts });
      expect(asked()).to.equal(2);
      expect(bare(store.get('user-1'))).to.deep.equal(tokens);
      // A failed renewal poisons nothing.
      pass(2000);
      expect(await connections.accessToken('user-1')).to.be.a('string');
    });

    it(`returns the stored token until it expires, while there is only ${what}`, async () => {
      const { source, consent, pass, sandbox } = await open();
      const tokens = await consent();
      const connections = source();
      await connections.save('user-1', tokens);
      sandbox.fault({ on: 'token', times: Infinity, ...fault });
      pass(LIFE - 1);
      expect(await connections.accessToken('user-1')).to.equal(tokens.accessToken);
      pass(1);
      await rejection(connections.accessToken('user-1'), Error);
    });
  }

  it('waits for a rate limit that is reset before the deadline', async () => {
    const { source, consent, pass, sandbox, asked } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    sandbox.fault({ on: 'token', status: 429, headers: { 'retry-after': '0' } });
    pass(LIFE);
    await connections.accessToken('user-1');
    expect(asked()).to.equal(2);
  });

  it('does not wait for a rate limit that is reset later, and says how long to wait', async () => {
    const { source, consent, pass, sandbox, asked } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    sandbox.fault({ on: 'token', status: 429, headers: { 'retry-after': '30' } });
    pass(LIFE);
    const error = await rejection(connections.accessToken('user-1'), CriteoTransportError);
    expect(error).to.include({ retryable: true, retryAfter: 30, status: 503 });
    expect(asked()).to.equal(1);
  });

  for (const grant of ['refresh_token', 'client_credentials'] as const) {
    it(`gives the second request of the grant ${grant} the rest of the client's timeout`, async () => {
      const { source, client, consent, pass, store } = await open();
      store.set('user-1', await consent());
      pass(LIFE);
      const given: (number | undefined)[] = [];
      const ask = ({ timeout }: { timeout?: number | undefined } = {}) => {
        given.push(timeout);
        return Promise.reject(
          new CriteoTransportError('down', { code: 'connection_failed', status: 502, retryable: true }),
        );
      };
      client.refresh = (_refreshToken, options) => ask(options);
      client.clientCredentials = ask;
      await rejection(source({ grant }).accessToken('user-1'), CriteoTransportError);
      expect(given).to.have.length(2);
      expect(given[0]).to.equal(10_000);
      expect(given[1]).to.be.within(9000, 9875);
    });
  }

  it("gives up at the client's timeout, and sends no second request if no time is left", async () => {
    const { source, consent, pass, sandbox, asked } = await open({ timeout: 50 });
    const connections = source();
    await connections.save('user-1', await consent());
    sandbox.fault({ on: 'token', hang: true, times: 2 });
    pass(LIFE);
    const error = await rejection(connections.accessToken('user-1'), CriteoTransportError);
    expect(error).to.include({ code: 'timeout', retryable: true });
    expect(asked()).to.equal(1);
  });

  it('says that the user must consent again if the response that was lost had a new refresh token', async () => {
    const { source, consent, pass, sandbox, asked } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    sandbox.fault({ on: 'token', rotateRefreshToken: true, after: true, reset: true });
    pass(LIFE);
    await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
    expect(asked()).to.equal(2);
  });

  it('does not return the token that was refused', async () => {
    const { source, consent, sandbox } = await open();
    const tokens = await consent();
    const connections = source();
    await connections.save('user-1', tokens);
    sandbox.fault({ on: 'token', status: 503, times: 2 });
    await rejection(connections.accessToken('user-1', { force: tokens.accessToken }), CriteoTransportError);
  });

  it('returns a valid token to callers that share the refresh of a caller with a refused one', async () => {
    const { source, consent, pass, sandbox } = await open();
    const tokens = await consent();
    const connections = source();
    await connections.save('user-1', tokens);
    sandbox.fault({ on: 'token', status: 503, times: 2 });
    pass(LIFE - MINUTE);
    const forced = connections.accessToken('user-1', { force: true });
    const content = connections.accessToken('user-1');
    await rejection(forced, CriteoTransportError);
    expect(await content).to.equal(tokens.accessToken);
  });
});

describe('A store that fails', () => {
  const open = opener();
  const broken = new Error('the disk is full');

  /** A Map whose methods can be replaced. */
  function faulty(map: Map<string, TokenSet>) {
    const store = {
      get: (key: string): unknown => map.get(key),
      set: (key: string, tokens: TokenSet): unknown => map.set(key, tokens),
      delete: (key: string): unknown => map.delete(key),
    };
    return store as typeof store & { get(key: string): never };
  }

  for (const [how, fail] of [
    [
      'throws',
      () => {
        throw broken;
      },
    ],
    ['rejects', () => Promise.reject(broken)],
  ] as const) {
    it(`is an error, without a request or a write, if its get ${how}`, async () => {
      const { source, asked } = await open();
      const store = { ...faulty(new Map()), get: fail, set: () => expect.fail('something was written') };
      const connections = source({ store });
      const error = await rejection(connections.accessToken('user-1'), TokenStoreError);
      expect(error).to.include({ code: 'store_failed', status: 503, retryable: true });
      expect(error.message).to.include('get');
      expect(asked()).to.equal(0);
    });

    it(`is an error if its delete ${how}`, async () => {
      const { source } = await open();
      const error = await rejection(
        source({ store: { ...faulty(new Map()), delete: fail } }).delete('a'),
        TokenStoreError,
      );
      expect(error).to.include({ code: 'store_failed' });
      expect(error.message).to.include('failed to delete');
      expect(error.cause).to.include({ name: 'Error', message: broken.message });
    });

    it(`is an error, and nothing is changed, if its set ${how}`, async () => {
      const { source, consent, store } = await open();
      const tokens = await consent();
      store.set('user-1', tokens);
      const connections = source({ store: { ...faulty(store), set: fail } });
      const error = await rejection(connections.save('user-1', await consent()), TokenStoreError);
      expect(error).to.include({ code: 'store_failed' });
      expect(error.message).to.include('failed to set');
      expect(error.cause).to.include({ name: 'Error', message: broken.message });
      expect(store.get('user-1')).to.equal(tokens);
    });
  }

  it('is an error in the last seconds of a token too, so that the app learns that the next one is not stored', async () => {
    const { source, consent, pass, store } = await open();
    store.set('user-1', await consent());
    pass(LIFE - 1);
    const connections = source({ store: { ...faulty(store), set: () => Promise.reject(broken) } });
    expect(await rejection(connections.accessToken('user-1'), TokenStoreError)).to.include({ code: 'store_failed' });
  });

  it('does not show a token, even if its driver attaches the command to the error', async () => {
    const { source, consent } = await open();
    const tokens = await consent();
    const set = async (_key: string, value: unknown): Promise<never> => {
      const command = { name: 'set', args: ['user-1', JSON.stringify(value)] };
      throw Object.assign(new Error('WRONGTYPE Operation against a key'), { command, code: 'WRONGTYPE' });
    };
    const error = await rejection(
      source({ store: { ...faulty(new Map()), set } }).save('user-1', tokens),
      TokenStoreError,
    );
    expect(error.cause).to.include({ message: 'WRONGTYPE Operation against a key', code: 'WRONGTYPE' });
    const shown = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true });
    expect(shown).not.to.include(tokens.accessToken).and.not.include(tokens.refreshToken);
  });

  it('is an error if its set returns false, as Keyv does', async () => {
    const { source, consent } = await open();
    const connections = source({ store: { ...faulty(new Map()), set: async () => false } });
    const error = await rejection(connections.save('user-1', await consent()), TokenStoreError);
    expect(error.code).to.equal('store_failed');
    expect(error.message).to.include('failed to set');
    expect(String(error.cause)).to.include('returned false');
  });

  it("is an error if it does not respond within the client's timeout", async () => {
    const { source, asked } = await open({ timeout: 20 });
    const connections = source({ store: { ...faulty(new Map()), get: () => new Promise<never>(() => {}) } });
    const error = await rejection(connections.accessToken('user-1'), TokenStoreError);
    expect(error.code).to.equal('store_failed');
    expect(inspect(error.cause)).to.include('did not respond within 20 ms');
    expect(asked()).to.equal(0);
  });

  for (const [what, value, text] of [
    ['a number', 7, 'is not an object'],
    ['a list', [], 'is not an object'],
    ['JSON', '{"accessToken":"a"}', 'parse its JSON'],
    ['an object of another kind', { access_token: 'a' }, 'accessToken'],
    ['a token that could break a header', { accessToken: 'a\r\nb', expiresAt: 1, obtainedAt: 1 }, 'accessToken'],
    ['a Date in place of a number', { accessToken: 'a', expiresAt: new Date(), obtainedAt: 1 }, 'expiresAt'],
    ['NaN in place of a time', { accessToken: 'a', expiresAt: 1, obtainedAt: Number.NaN }, 'obtainedAt'],
    [
      'a refresh token that is not a string',
      { accessToken: 'a', expiresAt: 1, obtainedAt: 1, refreshToken: 7 },
      'refreshToken',
    ],
    ['an empty refresh token', { accessToken: 'a', expiresAt: 1, obtainedAt: 1, refreshToken: '' }, 'refreshToken'],
    ['a version that is not a string', { accessToken: 'a', expiresAt: 1, obtainedAt: 1, version: 7 }, 'version'],
    ['a client id that is not a string', { accessToken: 'a', expiresAt: 1, obtainedAt: 1, clientID: {} }, 'clientID'],
    [
      'a mark that is not a time',
      { accessToken: 'a', expiresAt: 1, obtainedAt: 1, reauthorizeSince: true },
      'reauthorizeSince',
    ],
  ] as const) {
    it(`is an error, without a request or a write, if its get returns ${what}`, async () => {
      const { source, asked } = await open();
      const rubbish = {
        ...faulty(new Map()),
        get: () => value as never,
        set: () => expect.fail('something was written'),
      };
      const error = await rejection(source({ store: rubbish }).accessToken('user-1'), TokenStoreError);
      expect(error).to.include({ code: 'store_invalid', status: 500, retryable: false });
      expect(error.message).to.include('"user-1"').and.include(text);
      expect(asked()).to.equal(0);
    });
  }

  it('may return null for fields that are not set, as a table does', async () => {
    const { source, consent } = await open();
    const tokens = await consent();
    const row = { ...tokens, refreshToken: null, reauthorizeSince: null };
    const connections = source({
      store: { ...faulty(new Map()), get: (key) => (key === 'user-1' ? row : null) as never },
    });
    expect(await connections.accessToken('user-1')).to.equal(tokens.accessToken);
    const error = await rejection(connections.accessToken('user-2'), ReauthorizationRequiredError);
    expect(error.code).to.equal('not_connected');
  });

  it('can be repaired by saving again if it holds something unusable', async () => {
    const { source, consent } = await open();
    const map = new Map<string, never>([['user-1', 'rubbish' as never]]);
    const connections = source({ store: map });
    const tokens = await consent();
    await connections.save('user-1', tokens);
    expect(await connections.accessToken('user-1')).to.equal(tokens.accessToken);
  });

  it('can be repaired by saving again if its get fails', async () => {
    const { source, consent, store } = await open();
    const connections = source({ store: { ...faulty(store), get: () => Promise.reject(broken) as never } });
    const tokens = await consent();
    await connections.save('user-1', tokens);
    expect(bare(store.get('user-1'))).to.deep.equal(tokens);
  });

  it('never gets the object that the source goes on to use', async () => {
    const { source, consent, store, pass, sandbox } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    pass(LIFE);
    await connections.accessToken('user-1');
    const kept = Object.freeze(store.get('user-1') as TokenSet);
    store.set('user-1', kept);
    await sandbox.revoke();
    pass(LIFE);
    await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
    expect(kept).to.not.have.property('reauthorizeSince');
  });

  for (const method of ['set', 'compareAndSet']) {
    it(`may change the object that it is given, by ${method}`, async () => {
      const { source, consent, store, pass } = await open();
      const changing = {
        ...faulty(store),
        set(key: string, tokens: StoredTokenSet) {
          store.set(key, { ...tokens });
          tokens.accessToken = 'sealed';
        },
      };
      const compareAndSet = (key: string, _expected: string | undefined, tokens: StoredTokenSet | undefined) => {
        if (tokens) changing.set(key, tokens);
        return true;
      };
      const connections = source({ store: method === 'set' ? changing : { ...changing, compareAndSet } });
      await connections.save('user-1', await consent());
      pass(LIFE);
      expect(await connections.accessToken('user-1')).to.equal(store.get('user-1')?.accessToken);
    });
  }

  describe('when it must take new tokens', () => {
    it('loses none of them: they are written before anything else, without another request', async () => {
      const { source, consent, store, pass, sandbox, asked } = await open();
      const flaky = faulty(store);
      const connections = source({ store: flaky });
      const tokens = await consent();
      await connections.save('user-1', tokens);
      pass(LIFE);
      sandbox.fault({ on: 'token', rotateRefreshToken: true });
      flaky.set = () => Promise.reject(broken);
      await rejection(connections.accessToken('user-1'), TokenStoreError);
      await rejection(connections.accessToken('user-1'), TokenStoreError);
      expect(bare(store.get('user-1'))).to.deep.equal(tokens);
      flaky.set = (key, tokens) => store.set(key, tokens);
      const fresh = await connections.accessToken('user-1');
      expect(store.get('user-1'))
        .to.include({ accessToken: fresh })
        .and.have.property('refreshToken')
        .not.equal(tokens.refreshToken);
      expect(asked()).to.equal(1);
      // The refresh token that was saved late works.
      pass(LIFE);
      await connections.accessToken('user-1');
    });

    it('restores a connection that another process has marked as ended', async () => {
      const { source, consent, store, pass, sandbox } = await open();
      const flaky = faulty(store);
      const connections = source({ store: flaky });
      await connections.save('user-1', await consent());
      pass(LIFE);
      sandbox.fault({ on: 'token', rotateRefreshToken: true });
      flaky.set = () => Promise.reject(broken);
      await rejection(connections.accessToken('user-1'), TokenStoreError);
      await rejection(source().accessToken('user-1'), ReauthorizationRequiredError);
      flaky.set = (key, tokens) => store.set(key, tokens);
      await connections.accessToken('user-1');
      expect(store.get('user-1')).to.not.have.property('reauthorizeSince');
    });

    it('does not overwrite a later consent with them', async () => {
      const { source, consent, store, pass } = await open();
      const flaky = faulty(store);
      const connections = source({ store: flaky });
      await connections.save('user-1', await consent());
      pass(LIFE);
      flaky.set = () => Promise.reject(broken);
      await rejection(connections.accessToken('user-1'), TokenStoreError);
      flaky.set = (key, tokens) => store.set(key, tokens);
      const latest = await consent();
      store.set('user-1', latest);
      expect(await connections.accessToken('user-1')).to.equal(latest.accessToken);
    });

    for (const what of ['saved again', 'deleted']) {
      it(`drops them if the connection is ${what}`, async () => {
        const { source, consent, store, pass } = await open();
        const flaky = faulty(store);
        let locked = 0;
        const connections = source({
          store: flaky,
          lock: (_key, work) => {
            locked += 1;
            return work();
          },
        });
        await connections.save('user-1', await consent());
        pass(LIFE);
        flaky.set = () => Promise.reject(broken);
        await rejection(connections.accessToken('user-1'), TokenStoreError);
        flaky.set = (key, tokens) => store.set(key, tokens);
        const latest = await consent();
        if (what === 'deleted') await connections.delete('user-1');
        else await connections.save('user-1', latest);
        // Nothing is left to be written, so no lock is needed.
        locked = 0;
        if (what === 'deleted') await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
        else expect(await connections.accessToken('user-1')).to.equal(latest.accessToken);
        expect(locked).to.equal(0);
      });
    }

    it('keeps their refresh token if the next tokens have none', async () => {
      const { source, consent, store, pass, sandbox } = await open();
      const flaky = faulty(store);
      const connections = source({ store: flaky });
      const first = await consent();
      await connections.save('user-1', first);
      pass(LIFE);
      sandbox.fault({ on: 'token', rotateRefreshToken: true });
      flaky.set = () => Promise.reject(broken);
      await rejection(connections.accessToken('user-1'), TokenStoreError);
      flaky.set = (key, tokens) => store.set(key, tokens);
      const { refreshToken: _, ...tokens } = await consent();
      await connections.save('user-1', tokens);
      expect(store.get('user-1')?.refreshToken).to.be.a('string').and.not.equal(first.refreshToken);
    });
  });
});
