import { expect } from 'chai';
import { rejection } from '../support/errors';
import { apiExample, apiRequests, type Connection, serverOpener } from './support/api-example';

type List = (
  criteo: typeof fetch,
  path: string,
  options?: { pageSize?: number; signal?: AbortSignal },
) => AsyncGenerator<{ id: string }>;

describe('A list of Criteo’s API, page by page', () => {
  const accounts = '/2026-07/retail-media/accounts';
  let listAll: List;
  let call: Connection;
  let criteo: typeof fetch;
  beforeEach(async () => {
    const example = await apiExample();
    ({ listAll } = await example.load<{ listAll: List }>('pages.js'));
    call = await example.connected({ service: 'retail-media' });
    criteo = call.tokens.fetcher(call.userId);
  });
  afterEach(() => call.sandbox.close());
  const serve = serverOpener();

  async function idsOf(list: AsyncGenerator<{ id: string }>): Promise<string[]> {
    const ids: string[] = [];
    for await (const { id } of list) ids.push(id);
    return ids;
  }
  const pages = () => apiRequests(call).map(({ query }) => query['pageIndex']);

  it('has every item once, whatever the size of a page', async () => {
    const all = await idsOf(listAll(criteo, accounts));
    expect(new Set(all).size).to.equal(5);
    expect(await idsOf(listAll(criteo, accounts, { pageSize: 2 }))).to.deep.equal(all);
    expect(pages()).to.deep.equal(['0', '0', '1', '2']);
  });

  it('has every item if Criteo’s pages are smaller than asked for', async () => {
    call.sandbox.setVariants({ largePages: 'capped-at-10' });
    expect(await idsOf(listAll(criteo, accounts, { pageSize: 500 }))).to.have.length(5);
  });

  it('takes filters along', async () => {
    const [, second = '', third = ''] = await idsOf(listAll(criteo, accounts));
    const filtered = `${accounts}?limitToId=${second}&limitToId=${third}`;
    expect(await idsOf(listAll(criteo, filtered, { pageSize: 1 }))).to.deep.equal([second, third]);
  });

  it('asks for no page that is not needed', async () => {
    for await (const { id } of listAll(criteo, accounts, { pageSize: 2 })) {
      expect(id).to.be.a('string');
      break;
    }
    expect(pages()).to.deep.equal(['0']);
  });

  it('throws what the rest of the package throws', async () => {
    call.sandbox.fault({ on: 'api', rateLimit: 60 });
    const error = await rejection(idsOf(listAll(criteo, accounts)), Error);
    expect(error).to.include({ name: 'CriteoAPIError', code: 'too-many-requests', retryable: true });
  });

  it('never follows nextPage, and ends if the number of pages is not given', async () => {
    const asked: string[] = [];
    const elsewhere = await serve((_req, res) => {
      asked.push('elsewhere');
      res.end('{}');
    });
    const apiURL = await serve((req, res) => {
      asked.push(req.url ?? '');
      const data = asked.length < 3 ? [{ id: String(asked.length) }] : [];
      res.end(JSON.stringify({ data, metadata: { nextPage: `${elsewhere}/next` } }));
    });
    const other = await (await apiExample()).fetcher(apiURL);
    expect(await idsOf(listAll(other, accounts))).to.deep.equal(['1', '2']);
    expect(asked).to.deep.equal([0, 1, 2].map((index) => `${accounts}?pageSize=100&pageIndex=${index}`));
  });
});
