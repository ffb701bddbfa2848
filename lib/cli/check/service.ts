import { isRecord } from '../../util/json';
import { foreignText } from '../../util/redaction';
import { NoReplyError, type Reply } from '../request';
import { askAPI, type Check, finding } from './context';

const services = ['marketing-solutions', 'retail-media'] as const;

/** Asks `/me` of both services with the app's own token: which service responds, and for which organisation. */
export const service: Check = {
  id: 'service',
  what: 'Service and organisation',
  needsAPI: true,
  async run(context) {
    const { settings, appTokens } = context;
    if (!appTokens) return finding('skipped', "it needs the app's own token (client credentials)");
    const { accessToken } = appTokens;
    const replies = new Map<string, Reply | NoReplyError>();
    for (const name of services) replies.set(name, await askAPI(context, `${name}/me`, accessToken));
    const status = (name: string): number | string => {
      const reply = replies.get(name);
      return reply instanceof NoReplyError ? reply.code : (reply?.status ?? 0);
    };
    const own = replies.get(settings.service);
    if (own && !(own instanceof NoReplyError) && own.status === 200) {
      return finding('ok', `${settings.service}${describeApp(own.json, accessToken)}`);
    }
    const other = services.find((name) => name !== settings.service && status(name) === 200);
    const seen = services.map((name) => `${name}/me: ${status(name)}`).join(', ');
    if (other) return finding('wrong', seen, `The app belongs to the other service: set CRITEO_SERVICE=${other}.`);
    return finding('unknown', seen, 'Criteo did not tell which service the app belongs to.');
  },
};

/** The ids that Criteo's support asks for. Which fields the response has is read from it. */
function describeApp(json: unknown, accessToken: string): string {
  const data = isRecord(json) && isRecord(json['data']) ? json['data'] : {};
  const attributes = isRecord(data['attributes']) ? data['attributes'] : data;
  const ids = Object.entries(attributes).flatMap(([name, value]) => {
    const text = typeof value === 'number' ? String(value) : foreignText(value, [accessToken], 64);
    return /^(application|organi[sz]ation)Id$/i.test(name) && text !== undefined ? [`${name} ${text}`] : [];
  });
  return ids.length > 0 ? `, ${ids.join(', ')}` : '';
}
