import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { ConsentEndpoint } from '../../lib/sandbox/endpoints/consent-endpoint';
import { handleTokenRequest } from '../../lib/sandbox/endpoints/token-endpoint';
import { readOptions } from '../../lib/sandbox/options';
import type { Incoming } from '../../lib/sandbox/wire/exchange';
import { World } from '../../lib/sandbox/world/world';
import { redirectURI } from '../sandbox/support';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('The memory of the sandbox', () => {
  it('does not grow, however many users sign in', async function () {
    this.timeout(180_000);
    const closed = new AbortController().signal;
    const world = new World(readOptions({}));
    const { clientID: client_id, clientSecret: client_secret } = world.apps.first.credentials;
    const consents = new ConsentEndpoint(world, closed);
    const query = `?${new URLSearchParams({ response_type: 'code', client_id, redirect_uri: redirectURI, state: 's' })}`;

    const logged = async (
      endpoint: 'consent' | 'token',
      fields: Record<string, string> | undefined,
      answer: (request: Incoming) => unknown,
    ) => {
      const request: Incoming = {
        method: fields ? 'POST' : 'GET',
        path: '/request',
        search: fields ? '' : query,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: Buffer.from(fields ? new URLSearchParams(fields).toString() : ''),
        checks: [],
        signal: closed,
      };
      const entry = world.log.received(request, { endpoint, app: client_id, connection: 1, time: 0 });
      const { status, headers, body } = Object(await answer(request));
      world.log.finish(entry, { status, response: { headers, body } });
      return { status, headers, body: String(body) };
    };
    const signIn = async () => {
      const page = await logged('consent', undefined, (request) => consents.handle(request));
      const consent = /name="consent" value="([^"]*)"/.exec(page.body)?.[1] ?? '';
      const form = { consent, decision: 'approve', advertiser: '13' };
      const { headers } = await logged('consent', form, (request) => consents.handle(request));
      const code = new URL(headers.location).searchParams.get('code') ?? '';
      const grant = { grant_type: 'authorization_code', code, redirect_uri: redirectURI, client_id, client_secret };
      const { status } = await logged('token', grant, (request) => handleTokenRequest(world, request));
      expect(status).to.equal(200);
    };
    const heapAfter = async (logins: number) => {
      for (let login = 0; login < logins; login++) await signIn();
      collectGarbage();
      return process.memoryUsage().heapUsed / 1e6;
    };

    const start = await heapAfter(500);
    const full = await heapAfter(10_000);
    const later = await heapAfter(10_000);
    expect(full - start, 'megabytes for what is kept').to.be.below(60);
    expect(later - full, 'megabytes of growth').to.be.below(12);
  });
});
