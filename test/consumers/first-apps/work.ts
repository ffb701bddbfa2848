// A worker of the blocks of docs/tokens.md, with the store that it names, and no web app beside it.
import Keyv from 'keyv';
import type { StoredTokenSet, TokenStore } from 'passport-criteo';
import { createSandbox } from 'passport-criteo/sandbox';
import { call, make } from './worker.js';

let ahead = 0;
const now = () => Date.now() + ahead;
const sandbox = await createSandbox({ now });
const store: TokenStore = new Keyv<StoredTokenSet>({ throwOnErrors: true });
const ended: string[] = [];
const tokens = make({ ...sandbox.app, ...sandbox.endpoints }, store, (key) => ended.push(key), now);

const { tokens: granted } = sandbox.grant({ kind: 'login' });
if (granted) await tokens.save('ada', granted);
const report = async (): Promise<string> => {
  const shared = (await call(tokens, 'ada')) as { data: unknown[] } | undefined;
  return shared ? `${shared.data.length} advertisers` : 'connect again';
};
const reports = [await report()];
// Three tokens later.
for (let times = 0; times < 3; times += 1) {
  ahead += 16 * 60_000;
  reports.push(await report());
}
await sandbox.revoke();
ahead += 16 * 60_000;
reports.push(await report());
const refreshes = sandbox.requests.filter(({ form }) => form?.['grant_type'] === 'refresh_token').length;
console.log(JSON.stringify({ reports, refreshes, ended }));
await tokens.close();
await sandbox.close();
