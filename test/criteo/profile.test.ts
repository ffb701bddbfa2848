import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { fetchProfile, type PortfolioEndpoint } from '../../lib/criteo/profile';
import { CriteoAPIError, CriteoTransportError } from '../../lib/errors';
import { agents } from '../support/agents';
import { documented } from '../support/documented';
import { expectNoSecret, rejection } from '../support/errors';
import { answer, answers, flood, head, type Loopback, opener, type Script } from '../support/loopback';

const MB = 1024 * 1024;
const token = 'ey.s3cr3t-access/token';
const advertiser = (id: unknown, name: unknown) => ({ type: 'advertiser', id, attributes: { advertiserName: name } });
const two = { data: [advertiser('1352', 'Zebra'), advertiser('13', 'Ant')], errors: [], warnings: [] };
const one = { ...two, data: [advertiser('13', 'Ant')] };
const account = (id: unknown, attributes: unknown = {}) => ({ type: 'RetailMediaAccount', id, attributes });
const attributes = {
  name: 'Account 123',
  type: 'demand',
  subtype: 'brand',
  countries: ['US'],
  currency: 'USD',
  parentAccountLabel: 'Parent Company 123',
  timeZone: 'America/New_York',
  companyName: 'Company 123',
  onBehalfCompanyName: 'Company 456',
};

describe('fetchProfile', () => {
  const open = opener();
  const { ours: agentFor } = agents();

  function endpointOf(server: Loopback, changes: Partial<PortfolioEndpoint> = {}): PortfolioEndpoint {
    const agent = agentFor(server);
    const url = server.url(
      changes.service === 'retail-media' ? '/2026-07/retail-media/accounts' : '/2026-07/advertisers/me',
    );
    return {
      service: 'marketing-solutions',
      url,
      apiVersion: '2026-07',
      timeout: 2000,
      agent,
      onSunset: () => {},
      ...changes,
    };
  }

  const serve = async (script: Script, changes: Partial<PortfolioEndpoint> = {}) => {
    const server = await open(script);
    return { server, fetched: fetchProfile(endpointOf(server, changes), token) };
  };

  describe('with the responses that Criteo documents', () => {
    const criteo = documented();
    const path = '/2026-07/advertisers/me';
    const endpoint = (changes: Partial<PortfolioEndpoint> = {}): PortfolioEndpoint => ({
      service: 'marketing-solutions',
      url: new URL(`https://api.criteo.com${path}`),
      apiVersion: '2026-07',
      timeout: 400,
      agent: undefined,
      onSunset: () => {},
      ...changes,
    });

    it('sends the token in the header, and the headers of the app', async () => {
      criteo()
        .get(path)
        .matchHeader('authorization', `Bearer ${token}`)
        .matchHeader('accept', 'application/json')
        .matchHeader('x-team', 'ads')
        .reply(200, one);
      const headers = Object.freeze({ 'X-Team': 'ads', Authorization: 'Bearer other' });
      const profile = await fetchProfile(endpoint({ headers }), token);
      expect(profile).to.eql({
        provider: 'criteo',
        id: '13',
        displayName: 'Ant',
        service: 'marketing-solutions',
        advertisers: [{ id: '13', name: 'Ant' }],
        accounts: [],
        _raw: JSON.stringify(one),
        _json: one,
      });
    });

    for (const [status, code, words] of [
      [401, 'authorization-token-invalid', ['access token']],
      [403, 'forbidden', ['consent']],
      [404, 'not-found', ['apiVersion']],
      [410, 'gone', ['apiVersion']],
    ] as const) {
      it(`explains status ${status}, and does not try again`, async () => {
        const scope = criteo().get(path).reply(status, '');
        const error = await rejection(fetchProfile(endpoint({ timeout: 5000 }), token), CriteoAPIError);
        expect(error).to.include({ code, retryable: false });
        for (const word of words) expect(error.message).to.include(word);
        expect(scope.isDone()).to.equal(true);
      });
    }

    it('reports code, detail and trace id', async () => {
      const entry = { traceId: 't-9', code: 'insufficient-advertisers-permissions', detail: 'No consent' };
      criteo()
        .get(path)
        .reply(403, { errors: [entry], warnings: [] });
      const error = await rejection(fetchProfile(endpoint(), token), CriteoAPIError);
      expect(error).to.include({ code: entry.code, traceId: 't-9', status: 403, reauthorize: true });
      expect(error.message).to.include('No consent');
    });

    it('reports as retryAfter when the rate limit is reset', async () => {
      criteo()
        .get(path)
        .reply(429, '', {
          'x-ratelimit-limit': '10',
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 30),
        });
      const error = await rejection(fetchProfile(endpoint(), token), CriteoAPIError);
      expect(error).to.include({ code: 'too-many-requests', status: 503, retryable: true });
      expect(error.retryAfter).to.be.within(28, 31);
    });

    for (const [what, headers, words] of [
      [
        'with a date',
        { Deprecation: 'true', Sunset: 'Sat, 31 Jul 2027 23:59:59 GMT' },
        'ends on Sat, 31 Jul 2027 23:59:59 GMT',
      ],
      ['without a date', { Deprecation: 'true' }, 'ends soon'],
      ['with a date only', { Sunset: '2027-07-31' }, 'ends on 2027-07-31'],
    ] as const) {
      it(`reports that the API version will end (${what})`, async () => {
        const messages: string[] = [];
        criteo()
          .get(path)
          .reply(200, one, { ...headers });
        await fetchProfile(endpoint({ onSunset: (message) => messages.push(message) }), token);
        expect(messages).to.eql([`Criteo's API version 2026-07 ${words}: set the option apiVersion to a later one`]);
      });
    }

    it('reports no end of the API version without such a header', async () => {
      criteo().get(path).reply(200, one);
      await fetchProfile(endpoint({ onSunset: () => expect.fail() }), token);
    });
  });

  describe('identity', () => {
    it('is the only advertiser, with its name or else its id as display name', async () => {
      for (const [name, shown] of [
        ['Ant', 'Ant'],
        [null, '13'],
        ['', '13'],
      ] as const) {
        const { fetched } = await serve(answers(answer(200, { data: [advertiser('13', name)] })));
        expect(await fetched).to.include({ id: '13', displayName: shown });
      }
    });

    it('is a hash of the ids of several advertisers, in whatever order they are listed', async () => {
      const id = createHash('sha256').update('13\n1352').digest('hex');
      const { fetched } = await serve(answers(answer(200, two)));
      expect(await fetched).to.include({ provider: 'criteo', id, displayName: 'Zebra and 1 more' });
      const other = await serve(answers(answer(200, { data: [...two.data].reverse() })));
      expect(await other.fetched).to.include({ id, displayName: 'Ant and 1 more' });
    });

    it('is the advertiser if that is listed twice', async () => {
      const { fetched } = await serve(
        answers(answer(200, { data: [advertiser('13', 'Old'), advertiser('13', 'New')] })),
      );
      expect(await fetched).to.deep.include({ id: '13', advertisers: [{ id: '13', name: 'New' }] });
    });

    it('does not exist for an empty portfolio', async () => {
      for (const [service, word] of [
        ['marketing-solutions', 'advertiser'],
        ['retail-media', 'account'],
      ] as const) {
        for (const body of [
          { data: [] },
          { data: null },
          {},
          { data: [null, 1, 'x', [], {}, advertiser(null, 'x'), advertiser('', 'x')] },
        ]) {
          const { fetched } = await serve(answers(answer(200, body)), { service });
          const error = await rejection(fetched, CriteoAPIError);
          expect(error).to.include({ code: 'no_advertisers', status: 403, reauthorize: true, retryable: false });
          expect(error).to.deep.include({ response: { status: 200 } });
          expect(error.message).to.include(`No ${word} was shared`).and.include(`the option service (${service})`);
        }
      }
    });
  });

  describe('the body', () => {
    it('may have null and unexpected values in every place', async () => {
      const data = [
        null,
        7,
        advertiser('1', null),
        { id: '2' },
        { id: '3', attributes: null },
        { id: '4', attributes: [] },
        advertiser('5', 17),
        { id: true },
        { id: { a: 1 } },
      ];
      const { fetched } = await serve(answers(answer(200, { data, errors: null, warnings: null })));
      const { advertisers } = await fetched;
      expect(advertisers).to.eql(['1', '2', '3', '4', '5'].map((id) => ({ id, name: null })));
    });

    it('may have countries that are not texts, which are left out', async () => {
      const data = [account('1', { countries: ['US', null, 7] }), account('2', { countries: 'US' }), account('3')];
      const { fetched } = await serve(answers(answer(200, { data })), { service: 'retail-media' });
      expect((await fetched).accounts.map(({ countries }) => countries)).to.eql([['US'], [], []]);
    });

    it('keeps large ids as strings', async () => {
      const { fetched } = await serve(answers(answer(200, { data: [account('18446744073709551616', attributes)] })), {
        service: 'retail-media',
      });
      const { id, accounts } = await fetched;
      expect(id).to.equal('18446744073709551616');
      expect(accounts).to.eql([{ id, ...attributes }]);
    });

    it('may have numbers as ids, if they are not too large for a number', async () => {
      const { fetched } = await serve(answers(answer(200, '{"data":[{"id":13}]}')));
      expect(await fetched).to.include({ id: '13' });
      for (const id of ['18446744073709551616', '1.5']) {
        const { fetched } = await serve(answers(answer(200, `{"data":[{"id":${id}}]}`)));
        const error = await rejection(fetched, CriteoTransportError);
        expect(error).to.include({ code: 'invalid_response', retryable: false });
        expect(error.message).to.include('2^53');
      }
    });

    it('is returned without its byte order mark', async () => {
      const { fetched } = await serve(answers(answer(200, `\ufeff${JSON.stringify(one)}`)));
      expect(JSON.parse((await fetched)._raw)).to.eql(one);
    });

    for (const [what, text, reason] of [
      ['null', 'null', 'is not a JSON object'],
      ['a number', '17', 'is not a JSON object'],
      ['a string', '"x"', 'is not a JSON object'],
      ['an array', '[{"id":"13"}]', 'is not a JSON object'],
      ['HTML', '<html>', 'is not a JSON object'],
      ['half of JSON', '{"data":[{"id":"13"}', 'is not a JSON object'],
      ['empty', '', 'is not a JSON object'],
      ['an object whose data is an object', '{"data":{"id":"13"}}', 'data that is not an array'],
      ['an object whose data is a string', '{"data":"13"}', 'data that is not an array'],
    ] as const) {
      it(`is rejected without a second try if it is ${what}`, async () => {
        const { fetched, server } = await serve(answers(answer(200, text)), { timeout: 5000 });
        const error = await rejection(fetched, CriteoTransportError);
        expect(error).to.include({ code: 'invalid_response', status: 502, retryable: false });
        expect(error).to.deep.include({ response: { status: 200 } });
        expect(error.message).to.include(reason);
        expect(server.received).to.have.length(1);
      });
    }

    it('is rejected if it is missing (204)', async () => {
      const { fetched } = await serve(answers(head(204)));
      expect(await rejection(fetched, CriteoTransportError)).to.deep.include({
        code: 'invalid_response',
        response: { status: 204 },
      });
    });

    it('with errors and no data is an error, not an empty portfolio', async () => {
      for (const data of [undefined, null, []]) {
        const errors = [{ code: 'internal-error', detail: 'Try later' }];
        const { fetched } = await serve(answers(answer(200, { data, errors })));
        expect(await rejection(fetched, CriteoAPIError)).to.include({ code: 'internal-error' });
      }
    });

    it('with data and errors is a profile', async () => {
      const { fetched } = await serve(answers(answer(200, { ...one, errors: [{ code: 'partial' }] })));
      expect(await fetched).to.include({ id: '13' });
    });

    it('is read up to 8 MiB only', async () => {
      let sent = () => 0;
      const { fetched, server } = await serve(
        (socket) => {
          socket.write(head(200));
          sent = flood(socket, Buffer.alloc(64 * 1024, ' '));
        },
        { timeout: 3000 },
      );
      expect(await rejection(fetched, CriteoTransportError)).to.include({
        code: 'response_too_large',
        retryable: false,
      });
      await server.quiet();
      expect(sent()).to.be.within(8 * MB, 32 * MB);
    });
  });

  describe('tries again', () => {
    for (const [what, script] of [
      ['a reset', (socket) => socket.resetAndDestroy()],
      ['a closed connection', (socket) => socket.end()],
      ['half a response', (socket) => socket.end(head(200, { 'content-length': 100 }))],
      ['status 429', answers(answer(429))],
      ['status 503', answers(answer(503, '<html>', { 'x-ratelimit-reset': '9999999999' }))],
      ['status 500', answers(answer(500, { errors: [{ code: 'internal-error' }] }))],
    ] satisfies [string, Script][]) {
      it(`after ${what}, within the deadline`, async () => {
        const { fetched, server } = await serve(
          (socket, received) => {
            if (received.index === 0) script(socket, received);
            else socket.write(answer(200, one));
          },
          { timeout: 2000 },
        );
        expect(await fetched).to.include({ id: '13' });
        expect(server.received).to.have.length(2);
      });
    }

    it('up to three times in total', async () => {
      const { fetched, server } = await serve(answers(answer(503)), { timeout: 4000 });
      expect(await rejection(fetched, CriteoAPIError)).to.include({ code: 'internal-error', retryable: true });
      expect(server.received).to.have.length(3);
    });

    it('but not if the deadline would pass before', async () => {
      const wait = { 'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 20) };
      for (const [script, timeout] of [
        [answers(answer(503)), 500],
        [answers(answer(429, '', wait)), 5000],
      ] as const) {
        const start = performance.now();
        const { fetched, server } = await serve(script, { timeout });
        await rejection(fetched, CriteoAPIError);
        expect(server.received).to.have.length(1);
        expect(performance.now() - start).to.be.below(timeout);
      }
    });

    it('but not after a redirect, which it does not follow', async () => {
      const elsewhere = await open(answers(answer(200, one)));
      const { fetched, server } = await serve(answers(answer(307, '', { location: elsewhere.url('/me').href })), {
        timeout: 5000,
      });
      expect(await rejection(fetched, CriteoTransportError)).to.include({ code: 'unexpected_redirect' });
      expect(server.received).to.have.length(1);
      expect(elsewhere.connections).to.equal(0);
    });

    it('but not after the one deadline for all attempts', async () => {
      const start = performance.now();
      const { fetched, server } = await serve(
        (socket, { index }) => {
          if (index === 0) socket.write(answer(503));
        },
        { timeout: 900 },
      );
      expect(await rejection(fetched, CriteoTransportError)).to.include({ code: 'timeout' });
      expect(performance.now() - start).to.be.within(880, 1500);
      expect(server.received).to.have.length(2);
    });

    it('on time even if the system clock is changed', async () => {
      const now = Date.now;
      const { fetched } = await serve(
        (socket, { index }) => {
          Date.now = () => now() + 3_600_000;
          socket.write(index === 0 ? answer(503) : answer(200, one));
        },
        { timeout: 2000 },
      );
      try {
        expect(await fetched).to.include({ id: '13' });
      } finally {
        Date.now = now;
      }
    });
  });

  describe('pages of accounts', () => {
    const page = (from: number, count: number, metadata?: object): string =>
      answer(200, {
        data: Array.from({ length: count }, (_, i) => account(String(from + i), { name: `A${from + i}` })),
        metadata,
      });
    const service = 'retail-media';

    it('are all fetched by number over one connection', async () => {
      const { fetched, server } = await serve(
        (socket, { index }) =>
          socket.write(page(index * 25, index === 3 ? 5 : 25, { totalPages: 4, currentPageIndex: index })),
        { service, timeout: 1000 },
      );
      const profile = await fetched;
      expect(profile.accounts).to.have.length(80);
      expect(profile.advertisers).to.eql([]);
      expect(profile.displayName).to.equal('A0 and 79 more');
      expect(server.received.map(({ path }) => path)).to.eql(
        [0, 1, 2, 3].map((i) => `/2026-07/retail-media/accounts?pageIndex=${i}&pageSize=${i ? 25 : 250}`),
      );
      expect(server.connections).to.equal(1);
      expect(JSON.parse(profile._raw)).to.eql(profile._json).and.have.length(4);
    });

    it('are one response body if there is one page', async () => {
      const { fetched } = await serve(answers(page(1, 2, { totalPages: 1 })), { service });
      const { _raw, _json } = await fetched;
      expect(JSON.parse(_raw)).to.eql(_json).and.have.property('data');
    });

    it('keep the query of the URL', async () => {
      const server = await open(answers(page(1, 1)));
      await fetchProfile(endpointOf(server, { service, url: server.url('/accounts?tenant=7&pageIndex=9') }), token);
      expect(server.received[0]?.path).to.equal('/accounts?tenant=7&pageIndex=0&pageSize=250');
    });

    for (const [what, metadata] of [
      ['no metadata', undefined],
      ['metadata with null values', { totalPages: null, nextPage: null }],
      ['metadata with values of another type', { totalPages: '2' }],
      ['metadata that is not an object', [1]],
    ] as const) {
      it(`end with the first page that is not full, with ${what}`, async () => {
        const { fetched, server } = await serve(
          (socket, { index }) => socket.write(page(index * 25, index ? 3 : 25, metadata)),
          { service },
        );
        expect((await fetched).accounts).to.have.length(28);
        expect(server.received).to.have.length(2);
      });
    }

    it('end at the first page without data', async () => {
      const { fetched, server } = await serve(
        (socket, { index }) => socket.write(index ? answer(200, { data: null }) : page(0, 25)),
        { service },
      );
      expect((await fetched).accounts).to.have.length(25);
      expect(server.received).to.have.length(2);
    });

    it('are never fetched from another host', async () => {
      const elsewhere = await open(answers(page(100, 1)));
      const nextPage = elsewhere.url('/stolen').href;
      const { fetched, server } = await serve(
        (socket, { index }) => socket.write(page(index * 25, 25, { totalPages: 2, nextPage })),
        { service },
      );
      expect((await fetched).accounts).to.have.length(50);
      expect(server.received).to.have.length(2);
      expect(elsewhere.connections).to.equal(0);
    });

    it('may be a hundred at most', async () => {
      const { fetched, server } = await serve(answers(page(0, 25, { totalPages: 1e9 })), { service, timeout: 4000 });
      const error = await rejection(fetched, CriteoTransportError);
      expect(error).to.include({ code: 'response_too_large', retryable: false });
      expect(error.message).to.include('100 pages');
      expect(server.received).to.have.length(100);
    });

    it('may have 8 MiB together at most', async () => {
      const large = answer(200, { data: [account('1')], metadata: { totalPages: 50 }, padding: 'x'.repeat(3 * MB) });
      const { fetched, server } = await serve(answers(large), { service, timeout: 4000 });
      expect(await rejection(fetched, CriteoTransportError)).to.include({ code: 'response_too_large' });
      expect(server.received).to.have.length(3);
    });

    it('share one deadline', async () => {
      const start = performance.now();
      const { fetched } = await serve(
        (socket, { index }) => setTimeout(() => socket.write(page(index, 1, { totalPages: 90 })), 40),
        { service, timeout: 200 },
      );
      expect(await rejection(fetched, CriteoTransportError)).to.include({ code: 'timeout' });
      // With a deadline for each page, they would take 3.6 s.
      expect(performance.now() - start).to.be.within(190, 3000);
    });

    it('fail together if one of them fails', async () => {
      const { fetched } = await serve(
        (socket, { index }) => socket.write(index ? answer(403) : page(0, 25, { totalPages: 2 })),
        { service },
      );
      expect(await rejection(fetched, CriteoAPIError)).to.include({ code: 'forbidden' });
    });
  });

  it('shows the token in no error and no warning, however the response repeats it', async () => {
    for (const echo of [token, encodeURIComponent(token), encodeURIComponent(token).toLowerCase()]) {
      for (const text of [
        answer(401, { errors: [{ code: echo, type: echo, title: echo, detail: echo, traceId: echo }] }),
        answer(403, `<p>${echo}</p>`),
        answer(200, echo),
        answer(200, { data: echo }),
        answer(302, '', { location: `https://elsewhere.example/${echo}` }),
        `HTTP/1.1 200 OK\r\n${echo}\r\n\r\n`,
        answer(200, one, { sunset: echo }),
        answer(403, '', { sunset: echo, deprecation: echo }),
      ]) {
        const warnings: string[] = [];
        const { fetched } = await serve(answers(text), { onSunset: (message) => warnings.push(message) });
        const error = await fetched.then(
          () => new Error('none'),
          (reason: unknown) => reason,
        );
        expectNoSecret(error, token);
        expectNoSecret(new Error(warnings.join()), token);
      }
    }
  });

  for (const service of ['marketing-solutions', 'retail-media'] as const) {
    it(`returns a profile or one of this package’s errors for any JSON (${service})`, async () => {
      let text = '';
      const server = await open((socket) => socket.write(text));
      // The timeout is too short for a second try.
      const endpoint = endpointOf(server, { service, timeout: 500 });
      const id = fc.oneof(fc.jsonValue(), fc.string(), fc.nat());
      const item = fc.oneof(
        fc.jsonValue(),
        fc.record({ id, attributes: fc.oneof(fc.jsonValue(), fc.constant(attributes)) }, { requiredKeys: [] }),
      );
      const shaped = fc.record(
        {
          data: fc.oneof(fc.jsonValue(), fc.array(item)),
          errors: fc.oneof(fc.constant([]), fc.jsonValue(), fc.array(fc.jsonValue())),
          metadata: fc.oneof(
            fc.jsonValue(),
            fc.record({ totalPages: fc.oneof(fc.integer({ max: 3 }), fc.jsonValue()) }),
          ),
        },
        { requiredKeys: [] },
      );
      const status = fc.oneof(
        { weight: 5, arbitrary: fc.constant(200) },
        fc.integer({ min: 200, max: 599 }).filter((it) => it !== 204 && it !== 304),
      );
      await fc.assert(
        fc.asyncProperty(fc.oneof(shaped, fc.jsonValue()), status, async (body, code) => {
          text = answer(code, JSON.stringify(body));
          const profile = await fetchProfile(endpoint, token).catch((error: unknown) => {
            if (error instanceof CriteoAPIError || error instanceof CriteoTransportError) return undefined;
            throw error;
          });
          if (!profile) return;
          expect(profile.id).to.be.a('string').and.not.equal('');
          for (const { id, name } of [...profile.advertisers, ...profile.accounts]) {
            expect(id).to.be.a('string').and.not.equal('');
            if (name !== null) expect(name).to.be.a('string');
          }
        }),
        { numRuns: 150 },
      );
    });
  }
});
