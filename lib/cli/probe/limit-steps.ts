import { isRecord } from '../../util/json';
import type { Reply } from '../request';
import {
  found,
  itemIds,
  liveAccessToken,
  needsTokens,
  type ProbeContext,
  type ProbeStep,
  requestPortfolio,
} from './context';

/** More than any documented limit of one minute, for a test advertiser with few accounts. */
const mostCalls = 300;
/** Documented: 10 calls a minute, for each account that the user granted. */
const callsPerAccount = 10;

/** Calls until Criteo refuses one. */
export const rateLimit: ProbeStep = {
  id: 'rate-limit',
  question: 'How many API calls a minute may the app make, and which body does a 429 response have?',
  risk: `Up to ${mostCalls} API calls are made, and further ones of this app for this user are refused for a minute.`,
  rows: ['loginRateLimit', 'tooManyRequestsBody'],
  obstacle: needsTokens,
  async run(context) {
    const accessToken = await liveAccessToken(context);
    let calls = 0;
    let accounts = context.shared?.length ?? 0;
    let limit: number | undefined;
    let reply: Reply;
    do {
      reply = await requestPortfolio(context, accessToken);
      calls += 1;
      accounts = Math.max(accounts, itemIds(reply)?.length ?? 0);
      limit ??= header(reply, 'x-ratelimit-limit');
    } while (reply.status === 200 && calls < mostCalls);
    const seen = [
      `the portfolio has ${accounts} account${accounts === 1 ? '' : 's'}`,
      limit === undefined ? 'there was no header x-ratelimit-limit' : `x-ratelimit-limit was ${limit}`,
      `request ${calls} was answered with ${reply.status}`,
    ];
    const settled: Record<string, string> = {};
    // With one account both readings give the same number.
    if (limit === callsPerAccount && accounts > 1) settled['loginRateLimit'] = 'flat';
    if (limit === callsPerAccount * accounts && accounts > 1) settled['loginRateLimit'] = 'per-account';
    if (reply.status === 429) {
      settled['tooManyRequestsBody'] = bodyShape(reply);
      await waitForReset(context, reply);
    }
    return found(settled, ...seen);
  },
};

function header({ headers }: Reply, name: string): number | undefined {
  const value = headers[name];
  return typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : undefined;
}

function bodyShape({ text, json, headers }: Reply): string {
  if (text === '') return 'empty';
  if (isRecord(json) && Array.isArray(json['errors'])) return 'error-list';
  if (isRecord(json) && typeof json['message'] === 'string') return 'message';
  return /html/i.test(headers['content-type'] ?? '') || /^\s*</.test(text) ? 'html' : 'other';
}

/** Lets the limit pass, so that the next steps do not meet it. */
async function waitForReset({ terminal, output }: ProbeContext, reply: Reply): Promise<void> {
  const reset = header(reply, 'x-ratelimit-reset');
  const left = reset === undefined ? 60_000 : reset * 1000 - Date.now();
  const milliseconds = Math.min(Math.max(left, 0), 60_000) + 1_000;
  output.say(`Waiting ${Math.round(milliseconds / 1000)} seconds until the limit is over.`);
  await terminal.sleep(milliseconds, terminal.signal);
}

/** Retail Media: pages of different sizes. */
export const largePages: ProbeStep = {
  id: 'large-pages',
  question: 'What happens when pageSize of retail-media/accounts is too large?',
  risk: 'None. Up to three API calls.',
  rows: ['largePages'],
  obstacle: (context) =>
    context.settings.service === 'retail-media' ? needsTokens(context) : 'it is about Retail Media only',
  async run(context) {
    const accessToken = await liveAccessToken(context);
    const ask = (size: number) => requestPortfolio(context, accessToken, `?pageIndex=0&pageSize=${size}`);
    const largest = await ask(1000);
    const size = pageSize(largest);
    const seen = [`pageSize=1000: ${largest.status}${size === undefined ? '' : `, pages of ${size}`}`];
    if (largest.status === 200) {
      if (size === 1000) return found({ largePages: 'accepted' }, ...seen);
      return found(size === undefined ? {} : { largePages: size === 10 ? 'capped-at-10' : 'other' }, ...seen);
    }
    const [above, hundred] = [await ask(101), await ask(100)];
    seen.push(`pageSize=101: ${above.status}`, `pageSize=100: ${hundred.status}`);
    const refused = largest.status === 400 && above.status === 400 && hundred.status === 200;
    return found({ largePages: refused ? 'refused-above-100' : 'other' }, ...seen);
  },
};

function pageSize({ json }: Reply): number | undefined {
  const metadata = isRecord(json) && isRecord(json['metadata']) ? json['metadata'] : {};
  const size = metadata['currentPageSize'];
  return typeof size === 'number' ? size : undefined;
}
