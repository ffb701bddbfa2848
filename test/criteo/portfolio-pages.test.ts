import { expect } from 'chai';
import { fetchProfile } from '../../lib/criteo/profile';
import { CriteoAPIError, CriteoTransportError } from '../../lib/errors';
import { agents } from '../support/agents';
import { rejection } from '../support/errors';
import { useFastClock } from '../support/fast-clock';
import { answer, type Loopback, opener } from '../support/loopback';

/** How a server of accounts behaves: as in section 4 of the wire reference, or a little differently. */
interface Accounts {
  total: number;
  /** The largest page size. */
  cap?: number;
  /** Whether a larger page size is reduced, or refused with 400. */
  above?: 'reduced' | 'refused';
  /** The number of calls that are allowed until the limit is reset. */
  calls?: number;
  /** Milliseconds after which the limit is reset. */
  reset?: number;
  /** Which metadata the responses carry. */
  metadata?: 'all' | 'pages' | 'none';
  /** Whether `currentPageSize` is the page size or the number of items. */
  says?: 'size' | 'count';
  /** Changes the accounts before a call. */
  before?: (ids: number[], call: number) => void;
}

describe('The pages of a portfolio', () => {
  const open = opener();
  const { ours } = agents();

  async function serve(accounts: Accounts) {
    const { cap = 1000, above = 'reduced', calls = Number.POSITIVE_INFINITY, reset = 60_000 } = accounts;
    const { metadata: kind = 'all', says = 'size', before } = accounts;
    const ids = Array.from({ length: accounts.total }, (_, i) => i + 1);
    let windowEnd = 0;
    let used = 0;
    const server = await open((socket, { path, index }) => {
      if (Date.now() >= windowEnd) {
        windowEnd = Date.now() + reset;
        used = 0;
      }
      used += 1;
      const headers = { 'x-ratelimit-reset': Math.ceil(windowEnd / 1000) };
      if (used > calls) return socket.write(answer(429, '', headers));
      const query = new URL(path, 'http://x').searchParams;
      const asked = Number(query.get('pageSize'));
      if (asked > cap && above === 'refused') {
        const errors = [{ type: 'validation', code: 'invalid-page-size', title: 'Too large' }];
        return socket.write(answer(400, { errors }, headers));
      }
      before?.(ids, index);
      const size = Math.min(asked, cap);
      const currentPageIndex = Number(query.get('pageIndex'));
      const some = ids.slice(currentPageIndex * size, (currentPageIndex + 1) * size);
      const totalPages = Math.ceil(ids.length / size);
      const currentPageSize = says === 'size' ? size : some.length;
      const metadata = {
        all: { totalItemsAcrossAllPages: ids.length, currentPageSize, currentPageIndex, totalPages },
        pages: { totalPages, currentPageIndex },
        none: undefined,
      }[kind];
      const data = some.map((id) => ({ type: 'RetailMediaAccount', id: String(id), attributes: { name: `A${id}` } }));
      return socket.write(answer(200, { data, metadata }, headers));
    });
    return server;
  }

  async function fetched(server: Loopback, timeout = 10_000): Promise<string[]> {
    const endpoint = { url: server.url('/2026-07/retail-media/accounts'), timeout, agent: ours(server) };
    const about = { service: 'retail-media' as const, apiVersion: '2026-07', onSunset() {} };
    const { accounts } = await fetchProfile({ ...endpoint, ...about }, 'token');
    return accounts.map(({ id }) => id);
  }

  /** Expects every account once. Returns the number of calls. */
  async function expectAll(accounts: Accounts, timeout?: number): Promise<number> {
    const server = await serve(accounts);
    const all = await fetched(server, timeout);
    expect(all).to.have.length(accounts.total);
    expect(new Set(all)).to.have.length(accounts.total);
    return server.received.length;
  }

  // The limit of the older documents: ten calls a minute. The last column is the expected number of calls.
  const flat = { calls: 10, reset: 60_000 };
  for (const [total, cap, above, expected] of [
    [24, 25, 'reduced', 1],
    [25, 25, 'reduced', 1],
    [250, 25, 'reduced', 10],
    [24, 25, 'refused', 3],
    [25, 25, 'refused', 3],
    [200, 25, 'refused', 10],
    [24, 100, 'reduced', 1],
    [250, 100, 'reduced', 3],
    [251, 100, 'reduced', 3],
    [24, 100, 'refused', 2],
    [250, 100, 'refused', 4],
    [251, 100, 'refused', 4],
    [24, 250, 'refused', 1],
    [25, 250, 'reduced', 1],
    [250, 250, 'refused', 1],
    [251, 250, 'reduced', 2],
    [2500, 250, 'reduced', 10],
    [2500, 250, 'refused', 10],
    [2500, 1000, 'refused', 10],
  ] as const) {
    it(`are all fetched within ten calls: ${total} accounts, pages above ${cap} ${above}`, async () => {
      expect(await expectAll({ total, cap, above, ...flat })).to.equal(expected);
    });
  }

  for (const above of ['reduced', 'refused'] as const) {
    it(`are all fetched within the newer limit of ten calls per account: 2,500 accounts, pages above 25 ${above}`, async () => {
      const calls = await expectAll({ total: 2500, cap: 25, above, calls: 25_000 }, 10_000);
      expect(calls).to.be.within(100, 102);
    });
  }

  for (const [total, cap, above] of [
    [251, 25, 'reduced'],
    [2500, 25, 'reduced'],
    [2500, 25, 'refused'],
    [2500, 100, 'refused'],
  ] as const) {
    it(`fail with the rate limit as the reason if ten calls are too few: ${total} accounts, pages above ${cap} ${above}`, async () => {
      const server = await serve({ total, cap, above, ...flat });
      const start = performance.now();
      const error = await rejection(fetched(server), CriteoAPIError);
      expect(performance.now() - start).to.be.below(9000);
      expect(error).to.include({ code: 'too-many-requests', status: 503, retryable: true });
      expect(error.retryAfter).to.be.within(55, 61);
      expect(error.message).to.match(
        /rate limit.*of (251|2500) accounts came.*higher limit.*requireUserProfile: false/,
      );
    });
  }

  describe('after the rate limit was reached', () => {
    useFastClock(5);

    it('wait for the reset of the limit as often as the deadline allows', async () => {
      const start = performance.now();
      const calls = await expectAll({ total: 120, cap: 25, calls: 2, reset: 1000 }, 8000);
      // The client waits twice, and then repeats the refused page.
      expect(calls).to.be.within(6, 8);
      expect(performance.now() - start).to.be.within(1500, 7000);
    });
  });

  it('fail as a whole if the deadline passes between two pages, with the number of fetched accounts', async () => {
    for (const [metadata, progress] of [
      [{ totalItemsAcrossAllPages: 500, currentPageSize: 250 }, '250 of 500 accounts'],
      [{ currentPageSize: 250 }, '250 of an unknown number of accounts'],
    ] as const) {
      const server = await open((socket, { index }) => {
        const data = Array.from({ length: 250 }, (_, i) => ({ id: String(i), attributes: {} }));
        if (index === 0) socket.write(answer(200, { data, metadata }));
      });
      const error = await rejection(fetched(server, 200), CriteoTransportError);
      expect(error).to.include({ code: 'timeout', status: 504 });
      expect(error.message).to.include(progress);
      expect(error.message).to.include('Raise the option timeout, or set requireUserProfile: false');
    }
  });

  it('are requested with a smaller size only if the size was refused', async () => {
    const server = await open((socket) => socket.write(answer(403)));
    expect(await rejection(fetched(server), CriteoAPIError)).to.include({ code: 'forbidden' });
    expect(server.received).to.have.length(1);
    const refusing = await open((socket) => socket.write(answer(400)));
    await rejection(fetched(refusing), CriteoAPIError);
    const sizes = refusing.received.map(({ path }) => new URL(path, 'http://x').searchParams.get('pageSize'));
    expect(sizes).to.eql(['250', '100', '25']);
  });

  describe('with metadata of other kinds', () => {
    for (const total of [1, 24, 25, 26, 80, 250, 251]) {
      for (const cap of [25, 100, 1000]) {
        for (const metadata of ['all', 'pages', 'none'] as const) {
          it(`are all fetched: ${total} accounts, ${cap} on a page, metadata: ${metadata}`, async () => {
            const calls = await expectAll({ total, cap, metadata });
            const pages = Math.ceil(total / Math.min(cap, 250));
            // Without metadata, a full page may be the last.
            expect(calls).to.be.within(pages, metadata === 'none' ? pages + 1 : pages);
          });
        }
        it(`are all fetched: ${total} accounts, ${cap} on a page, currentPageSize counts the items`, async () => {
          const calls = await expectAll({ total, cap, says: 'count' });
          expect(calls).to.equal(Math.ceil(total / Math.min(cap, 250)));
        });
      }
    }
  });

  describe('that change while they are read', () => {
    it('are read again if an account was added', async () => {
      const before = (ids: number[], call: number): void => {
        if (call === 1) ids.unshift(9999);
      };
      const server = await serve({ total: 60, cap: 25, before });
      const all = await fetched(server);
      expect(new Set(all)).to.have.length(61).and.include('9999');
    });

    it('are read again if an account was removed, which hides another', async () => {
      const before = (ids: number[], call: number): void => {
        if (call === 1) ids.shift();
      };
      const all = await fetched(await serve({ total: 60, cap: 25, before }));
      expect(all).to.have.length(59).and.include('26').and.not.include('1');
    });

    it('are read again if two accounts changed places, which hides one and shows another twice', async () => {
      const before = (ids: number[], call: number): void => {
        if (call === 1) [ids[24], ids[25]] = [ids[25] ?? 0, ids[24] ?? 0];
      };
      const all = await fetched(await serve({ total: 60, cap: 25, before }));
      expect(new Set(all)).to.have.length(60);
    });

    it('are all fetched in one reading if the page size changes', async () => {
      for (const [first, later, calls] of [
        [25, 10, 13],
        [25, 20, 8],
        [20, 25, 7],
        [100, 30, 4],
      ] as const) {
        const server = await open((socket, { path, index }) => {
          const query = new URL(path, 'http://x').searchParams;
          const size = Math.min(Number(query.get('pageSize')), index === 0 ? first : later);
          const at = Number(query.get('pageIndex')) * size;
          const all = Array.from({ length: 130 }, (_, i) => ({ id: String(i), attributes: {} }));
          const metadata = { totalItemsAcrossAllPages: 130, currentPageSize: size };
          socket.write(answer(200, { data: all.slice(at, at + size), metadata }));
        });
        expect(new Set(await fetched(server))).to.have.length(130);
        expect(server.received).to.have.length(calls);
      }
    });

    it('fail if accounts are missing in the second reading too', async () => {
      let next = 1000;
      const before = (ids: number[]): void => {
        next += 1;
        ids.unshift(next);
      };
      const server = await serve({ total: 60, cap: 25, above: 'refused', before });
      const error = await rejection(fetched(server), CriteoTransportError);
      expect(error).to.include({ code: 'invalid_response', retryable: true });
      expect(error.message).to.include('incomplete').and.include('requireUserProfile: false');
      // Each of two readings ends at its second page. Two page sizes are refused, in the first reading only.
      expect(server.received).to.have.length(6);
    });

    it('fail if fewer accounts arrive than the total', async () => {
      const metadata = { totalItemsAcrossAllPages: 60, currentPageSize: 250 };
      for (const some of [0, 59]) {
        const data = Array.from({ length: some }, (_, i) => ({ id: String(i), attributes: {} }));
        const server = await open((socket, { index }) => {
          socket.write(answer(200, { data: index % 2 ? [] : data, metadata }));
        });
        const error = await rejection(fetched(server), CriteoTransportError);
        expect(error).to.include({ code: 'invalid_response' });
        expect(error.message).to.include(`${some} of 60`);
      }
    });
  });

  it('count an account that a page lists twice, and one without an id', async () => {
    const metadata = { totalItemsAcrossAllPages: 3, currentPageSize: 250 };
    const data = [{ id: '1' }, { id: '1' }, { id: null }];
    const server = await open((socket) => socket.write(answer(200, { data, metadata })));
    expect(await fetched(server)).to.eql(['1']);
    expect(server.received).to.have.length(1);
  });

  it('are all fetched if the total is wrong', async () => {
    for (const totalItemsAcrossAllPages of [0, 7, -1, 1.5, '60', null]) {
      const server = await open((socket, { path }) => {
        const at = Number(new URL(path, 'http://x').searchParams.get('pageIndex')) * 25;
        const all = Array.from({ length: 60 }, (_, i) => ({ id: String(i), attributes: {} }));
        const metadata = { totalItemsAcrossAllPages, currentPageSize: 25, totalPages: 3 };
        socket.write(answer(200, { data: all.slice(at, at + 25), metadata }));
      });
      expect(await fetched(server)).to.have.length(60);
    }
  });

  it('fail if more accounts arrive than the total', async () => {
    const server = await open((socket, { path }) => {
      const at = Number(new URL(path, 'http://x').searchParams.get('pageIndex')) * 25;
      const data = Array.from({ length: 25 }, (_, i) => ({ id: String(at + i), attributes: {} }));
      socket.write(answer(200, { data, metadata: { totalItemsAcrossAllPages: 30, currentPageSize: 25 } }));
    });
    expect(await rejection(fetched(server), CriteoTransportError)).to.include({ code: 'invalid_response' });
  });

  it('are not fetched if there are more than a hundred', async () => {
    const server = await serve({ total: 2501, cap: 25 });
    const error = await rejection(fetched(server), CriteoTransportError);
    expect(error).to.include({ code: 'response_too_large' });
    expect(error.message).to.include('100 pages').and.include('requireUserProfile: false');
    expect(server.received).to.have.length(1);
  });
});
