import { expect } from 'chai';
import { rejection } from '../support/errors';
import { APIExample, apiExample, apiRequests, type Connection, serverOpener } from './support/api-example';

interface Program {
  listAdvertisers(call: Connection): Promise<string | { data: unknown[] }>;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

const withFetcher = { name: 'CriteoTransportError', code: 'aborted' };
for (const [client, whenAborted] of Object.entries({
  'openapi-fetch': withFetcher,
  ky: withFetcher,
  ofetch: withFetcher,
  axios: withFetcher,
  got: { name: 'AbortError' },
  undici: { message: 'enough' },
})) {
  describe(`Criteo’s API with ${client}`, () => {
    let program: Program;
    let call: Connection;
    before(async () => {
      program = await (await apiExample()).load<Program>(`${client}.js`);
    });
    beforeEach(async () => {
      call = await (await apiExample()).connected();
    });
    afterEach(() => call.sandbox.close());
    const serve = serverOpener();

    it('is called as the connection', async () => {
      expect(await program.listAdvertisers(call))
        .to.have.property('data')
        .with.lengthOf(5);
      expect(apiRequests(call)).to.have.length(1);
    });

    it('is called again with another token if the first is refused', async () => {
      call.sandbox.advance(16 * 60_000);
      expect(await program.listAdvertisers(call))
        .to.have.property('data')
        .with.lengthOf(5);
      expect(apiRequests(call).map(({ status }) => status)).to.deep.equal([401, 200]);
    });

    it('tells that the rate limit is reached, and is not called again before it is reset', async () => {
      call.sandbox.fault({ on: 'api', rateLimit: 60, times: 'always' });
      expect(await program.listAdvertisers(call)).to.equal('later');
      expect(apiRequests(call)).to.have.length(1);
    });

    it('tells that the user must connect again', async () => {
      expect(await program.listAdvertisers({ ...call, userId: 'user-2' })).to.equal('reconnect');
      expect(apiRequests(call)).to.have.length(0);
      await call.sandbox.revoke(undefined, { how: 'role-change' });
      call.sandbox.advance(16 * 60_000);
      expect(await program.listAdvertisers(call)).to.equal('reconnect');
      expect(apiRequests(call)).to.have.length(1);
    });

    for (const status of [403, 503]) {
      it(`shows a response ${status} as an error, after one call`, async () => {
        call.sandbox.fault({ on: 'api', status, times: 'always' });
        expect((await rejection(program.listAdvertisers(call), Error)).message).to.contain(String(status));
        expect(apiRequests(call)).to.have.length(1);
      });
    }

    it('is called at no other address, whatever a redirect says', async () => {
      let elsewhere = 0;
      const location = await serve((_req, res) => {
        elsewhere += 1;
        res.end('{}');
      });
      call.sandbox.fault({ on: 'api', status: 302, headers: { location } });
      await program.listAdvertisers(call).catch(() => {});
      expect([apiRequests(call).length, elsewhere]).to.deep.equal([1, 0]);
    });

    it('is left when the caller gives up', async () => {
      const fault = call.sandbox.fault({ on: 'api', hang: true, times: 'always' });
      const control = new AbortController();
      const failed = rejection(program.listAdvertisers({ ...call, signal: control.signal }), Error);
      await until(() => fault.hits > 0);
      control.abort(new Error('enough'));
      expect(await failed).to.include(whenAborted);
      expect(fault.hits).to.equal(1);
    });
  });
}

describe('Criteo’s API with one axios for all connections', () => {
  it('is called as the connection that a call names', async () => {
    interface AxiosProgram {
      createAxios(tokens: unknown, apiURL: string): unknown;
      listAdvertisers(call: Connection, criteo: unknown): ReturnType<Program['listAdvertisers']>;
    }
    const example = await apiExample();
    const { createAxios, listAdvertisers } = await example.load<AxiosProgram>('axios.js');
    const call = await example.connected();
    try {
      const criteo = createAxios(call.tokens, call.apiURL);
      expect(await listAdvertisers(call, criteo))
        .to.have.property('data')
        .with.lengthOf(5);
      expect(await listAdvertisers({ ...call, userId: 'user-2' }, criteo)).to.equal('reconnect');
    } finally {
      await call.sandbox.close();
    }
  });
});

describe('Criteo’s API with ky 2', () => {
  it('is called as with ky 1', async () => {
    const example = await APIExample.install({ dependencies: { ky: '^2.1.0' } });
    expect((await example.project.versions('ky'))[0]).to.match(/^2\./);
    const { listAdvertisers } = await example.load<Program>('ky.js');
    const call = await example.connected();
    try {
      expect(await listAdvertisers(call))
        .to.have.property('data')
        .with.lengthOf(5);
      expect(await listAdvertisers({ ...call, userId: 'user-2' })).to.equal('reconnect');
      call.sandbox.fault({ on: 'api', rateLimit: 60, times: 'always' });
      expect(await listAdvertisers(call)).to.equal('later');
      expect(apiRequests(call)).to.have.length(2);
    } finally {
      await call.sandbox.close();
    }
  });
});
