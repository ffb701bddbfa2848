import { NoReplyError } from '../request';
import { type Check, finding } from './context';

const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'];
const remedy =
  'passport-criteo does not read these variables, and neither does this command: give CriteoStrategy and CriteoClient the option agent, such as an HttpsProxyAgent (package https-proxy-agent).';

/** Looks for a proxy: in the environment, whose variables the library does not read, and in the first response. */
export const proxy: Check = {
  id: 'proxy',
  what: 'Proxy',
  run({ env, contact, settings }) {
    const set = names.filter((name) => env[name]);
    const { hostname } = new URL(settings.apiURL);
    const exempt = isExempt(hostname, env['NO_PROXY'] ?? env['no_proxy'] ?? '');
    const variables = set.length > 1 ? `${set.join(', ')} are set` : `${set[0]} is set`;
    if (!contact || contact instanceof NoReplyError) {
      if (set.length === 0 || exempt) return finding('unknown', 'no variable names one, and there was no response');
      return finding('wrong', `${variables}, and the direct way to ${hostname} is closed`, remedy);
    }
    const { via } = contact.headers;
    const onTheWay = via === undefined ? '' : '; the response came through one (header Via), which forwarded it';
    if (set.length === 0) return finding('ok', `no variable names one${onTheWay}`);
    if (exempt) return finding('ok', `${variables}, but NO_PROXY exempts ${hostname}${onTheWay}`);
    return finding('ok', `${variables}, but the direct way to ${hostname} works${onTheWay}`, remedy);
  },
};

/** Returns true if the list names the host, a domain that it is in, or everything. */
function isExempt(hostname: string, list: string): boolean {
  return list.split(/[\s,]+/).some((entry) => {
    const name = entry
      .replace(/:\d+$/, '')
      .replace(/^\*?\./, '')
      .toLowerCase();
    return name === '*' || (name !== '' && (hostname === name || hostname.endsWith(`.${name}`)));
  });
}
