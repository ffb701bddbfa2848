import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { rootCertificates } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { CriteoClient } from 'passport-criteo';

/** Sends requests through a proxy, such as `http://user:password@proxy.example:3128`. */
export function viaProxy(registered, proxy) {
  const agent = new HttpsProxyAgent(proxy, { keepAlive: true });
  return new CriteoClient({ ...registered, agent }); // the strategy has the same option
}

/** Trusts a company's own certificate authority. */
export function withOwnCA(registered, file) {
  const agent = new Agent({ keepAlive: true, ca: [...rootCertificates, readFileSync(file)] });
  return new CriteoClient({ ...registered, agent });
}

/** Does both, for a proxy that decrypts TLS. (https-proxy-agent has no option for certificate authorities.) */
export function viaInspectingProxy(registered, proxy, file) {
  const ca = [...rootCertificates, readFileSync(file)];
  class InspectingProxyAgent extends HttpsProxyAgent {
    connect(request, options) {
      return super.connect(request, { ...options, ca });
    }
  }
  return new CriteoClient({ ...registered, agent: new InspectingProxyAgent(proxy, { keepAlive: true }) });
}
