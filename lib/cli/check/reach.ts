import { NoReplyError } from '../request';
import { askAPI, type Check, finding } from './context';

/** Asks for the app without a token: every response of the API, a 401 above all, shows that the way there is open. */
export const reach: Check = {
  id: 'reach',
  what: 'Reach of the API',
  async run(context) {
    const { settings } = context;
    const { origin, host } = new URL(settings.apiURL);
    const contact = await askAPI(context, `${settings.service}/me`);
    context.contact = contact;
    if (contact instanceof NoReplyError) {
      return finding('wrong', `no response from ${origin} (${contact.code})`, connectionAdvice(contact.code, host));
    }
    const { status, headers, sentAt, receivedAt } = contact;
    const seen = `${origin} responded with ${status} in ${receivedAt - sentAt} ms`;
    if (status === 407 || status === 511) {
      return finding('wrong', seen, 'That is a proxy or a portal in between, not Criteo: sign in there first.');
    }
    if (status >= 300 && status < 400) {
      return finding(
        'wrong',
        seen,
        'That is a redirect, which Criteo never sends: a portal, or a wrong CRITEO_API_URL.',
      );
    }
    if (status >= 500)
      return finding('unknown', seen, 'Criteo, or something in between, has a problem: try again later.');
    if (/^text\/html/i.test(headers['content-type'] ?? '')) {
      return finding('unknown', `${seen} and a web page`, 'An API sends JSON: a proxy or a portal may be in between.');
    }
    return finding('ok', status === 401 ? `${seen}, as it should without a token` : seen);
  },
};

/** Says what to do about a connection that did not work. */
export function connectionAdvice(code: string, host: string): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return `The name ${host} is unknown here. Check the network and its DNS; a network that lets only proxies out shows itself like this, too.`;
  }
  if (code === 'ECONNREFUSED') {
    return `Nothing listens at ${host}. Check CRITEO_API_URL; if it is a sandbox, start it.`;
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return "The certificate is not trusted: something in between reads the traffic, or a company's own authority signed it. Set NODE_EXTRA_CA_CERTS to the file of that authority; in the app, pass the option agent.";
  }
  if (/SSL|EPROTO|HPE_|too_large/.test(code))
    return `What responds at ${host} is not Criteo's API: check the URL, http and https included.`;
  return `A firewall may block the way to ${host}. Let it pass, or use the proxy of your network: in the app, pass the option agent.`;
}
