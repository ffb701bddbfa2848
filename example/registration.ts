import type { CriteoStrategyOptions } from 'passport-criteo';
import { type Html, html } from './html';
import { copyable } from './layout';
import { connectCallback, consentPath } from './paths';

/** The settings that an app needs in Criteo's Partners Portal to run this example with the real Criteo. */
export interface Registration {
  /** The service, as the portal names it. */
  service: string;
  pkce: boolean;
  /** The redirect URIs. */
  signIn: string;
  connect: string;
  /** The connector's callback URL. */
  consentCallback: string;
  /** The command that starts the example with an app's credentials. */
  command: string;
}

export function registrationOf({ callbackURL, service, pkce = false }: CriteoStrategyOptions): Registration {
  const retailMedia = service === 'retail-media';
  const settings = [
    'CRITEO_CLIENT_ID=…',
    'CRITEO_CLIENT_SECRET=…',
    ...(retailMedia ? ['CRITEO_SERVICE=retail-media'] : []),
    ...(pkce ? ['CRITEO_PKCE=true'] : []),
  ];
  return {
    service: retailMedia ? 'C-Max (Retail Media)' : 'C-Growth (Marketing Solutions)',
    pkce,
    signIn: callbackURL,
    connect: new URL(connectCallback, callbackURL).href,
    consentCallback: new URL(consentPath, callbackURL).href,
    command: `${settings.join(' ')} npm start`,
  };
}

/** Returns the registration as text for a terminal. */
export function registrationText({ service, pkce, signIn, connect, consentCallback }: Registration): string {
  return `  authentication method     Authorization Code
  service                   ${service}
  PKCE                      ${pkce ? 'on' : 'off'}
  redirect URI to sign in   ${signIn}
  redirect URI to connect   ${connect}

  For invitations, an app with the authentication method Client Credentials, and a connector:
  callback URL              ${consentCallback} (Criteo must be able to reach it)
  keys                      as CRITEO_SIGNING_KEY and CRITEO_SIGNING_SECRET`;
}

/** Returns the registration as steps on a page. */
export function registrationSteps({ service, pkce, signIn, connect, consentCallback, command }: Registration): Html {
  return html`<ol class="steps">
<li><p>In Criteo’s Partners Portal, create an app under <em>My apps</em>. Authentication method: <strong>Authorization Code</strong>. Service: <strong>${service}</strong>.</p></li>
<li><p>${
    pkce
      ? html`Switch <strong>PKCE on</strong>: this example runs with <code>CRITEO_PKCE=true</code>.`
      : html`Leave <strong>PKCE off</strong>. If your app needs it, start the example with <code>CRITEO_PKCE=true</code>.`
  }</p></li>
<li><p>Register both redirect URIs exactly as shown here.</p>
${copyable('sign-in-uri', 'Redirect URI to sign in', signIn)}
${copyable('connect-uri', 'Redirect URI to connect', connect)}</li>
<li><p>Activate the app, create its keys, and start the example with them.</p>
${copyable('command', 'Command', command)}</li>
<li><p>For invitations only: create an app with the authentication method <strong>Client Credentials</strong>, and a connector with this callback URL. Criteo calls it, so Criteo must be able to reach it: use a tunnel, and set <code>CRITEO_CALLBACK_URL</code> to the tunnel’s address. Start the example with that app’s id and secret, and with the connector’s keys as <code>CRITEO_SIGNING_KEY</code> and <code>CRITEO_SIGNING_SECRET</code>.</p>
${copyable('connector-uri', 'Callback URL of the connector', consentCallback)}</li>
</ol>`;
}
