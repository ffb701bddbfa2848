import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { rootCertificates } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { CriteoClient } from 'passport-criteo';

/** Out through a proxy, `http://user:password@proxy.example:3128`. */
export function viaProxy(registered, proxy) {
  const agent = new HttpsProxyAgent(proxy, { keepAlive: true });
  return new CriteoClient({ ...registered, agent }); // the strategy has the same option
}

/** Where the company's own certificate authority signs what comes in. */
export function withOwnCA(registered, file) {
  const agent = new Agent({ keepAlive: true, ca: [...rootCertificates, readFileSync(file)] });
  return new CriteoClient({ ...registered, agent });
}

/** Both: the proxy opens what it passes on. (https-proxy-agent has no option for the authorities behind a proxy.) */
export function viaInspectingProxy(registered, proxy, file) {
  const ca = [...rootCertificates, readFileSync(file)];
  class InspectingProxyAgent extends HttpsProxyAgent {
    connect(request, options) {
      return super.connect(request, { ...options, ca });
    }
  }
  return new CriteoClient({ ...registered, agent: new InspectingProxyAgent(proxy, { keepAlive: true }) });
}
