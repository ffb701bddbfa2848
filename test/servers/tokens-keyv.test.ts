import { randomBytes } from 'node:crypto';
import KeyvPostgres from '@keyv/postgres';
import KeyvRedis from '@keyv/redis';
import { expect } from 'chai';
import Keyv from 'keyv';
import { encrypted } from '../../example/tokens/encrypted';
import { ReauthorizationRequiredError } from '../../lib/errors';
import { rejection } from '../support/errors';
import { LIFE, opener } from '../tokens/support';
import { startPostgres } from './postgres';
import { startRedis } from './redis';

for (const [name, start, adapt] of [
  ['Redis', startRedis, (url: string) => new KeyvRedis(url, { throwOnErrors: true })],
  ['PostgreSQL', startPostgres, (url: string) => new KeyvPostgres({ uri: url })],
] as const) {
  describe(`Tokens in Keyv on ${name}`, () => {
    const open = opener();
    let server: { url: string; stop(): Promise<void> };
    let store: Keyv;

    before(async () => {
      server = await start();
      store = new Keyv({ store: adapt(server.url), throwOnErrors: true });
    });

    after(async () => {
      await store.disconnect();
      await server.stop();
    });

    for (const [how, wrap] of [
      ['plain', () => store],
      ['encrypted', () => encrypted(store, [randomBytes(32).toString('base64')])],
    ] as const) {
      it(`are saved, refreshed, marked and deleted, ${how}`, async () => {
        const { source, consent, pass, asked, sandbox } = await open();
        const connections = source({ store: wrap() });
        const tokens = await consent();
        await connections.save('user-1', tokens);
        expect(await connections.accessToken('user-1')).to.equal(tokens.accessToken);
        pass(LIFE);
        sandbox.fault({ on: 'token', rotateRefreshToken: true });
        const fresh = await connections.accessToken('user-1');
        expect(fresh).to.not.equal(tokens.accessToken);
        expect(await connections.accessToken('user-1')).to.equal(fresh);
        pass(LIFE);
        await connections.accessToken('user-1');
        await sandbox.revoke();
        pass(LIFE);
        for (let i = 0; i < 2; i += 1) {
          const error = await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
          expect(error.code).to.equal('reauthorization_required');
        }
        expect(asked()).to.equal(3);
        await connections.delete('user-1');
        const error = await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
        expect(error.code).to.equal('not_connected');
      });
    }
  });
}
