import * as axios from './axios.js';
import { connected } from './connected.js';
import * as got from './got.js';
import * as ky from './ky.js';
import * as ofetch from './ofetch.js';
import * as openapiFetch from './openapi-fetch.js';
import { listAll } from './pages.js';
import * as undici from './undici.js';

const { sandbox, ...call } = await connected();
for (const [name, { listAdvertisers }] of Object.entries({ openapiFetch, ky, ofetch, axios, got, undici })) {
  const outcome = await listAdvertisers(call);
  console.log(name, typeof outcome === 'string' ? outcome : `${outcome.data?.length} advertisers`);
}
await sandbox.close();

const retailMedia = await connected({ service: 'retail-media' });
const criteo = retailMedia.tokens.fetcher(retailMedia.userId);
for await (const { id } of listAll<{ id: string }>(criteo, '/2026-07/retail-media/accounts', { pageSize: 2 })) {
  console.log('account', id);
}
await retailMedia.sandbox.close();
