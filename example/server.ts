import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CriteoStrategyOptions } from 'passport-criteo';
import { createSandbox, type Sandbox } from 'passport-criteo/sandbox';
import { createApp } from './app';
import { connectCallback } from './connect';
import { consentPath } from './invite';
import { readSettings, SettingsError } from './settings';

async function start(): Promise<void> {
  const settings = readSettings(process.env);
  const server = createServer();
  // People open localhost, and the redirect URI of Criteo's own demo names it, so that is where we listen.
  const port = await listen(server, settings.port);
  const callbackURL = settings.callbackURL ?? `http://localhost:${port}/criteo-auth/callback`;

  const { service, pkce } = settings;
  const common = { callbackURL, service, pkce };
  let criteo: CriteoStrategyOptions;
  let sandbox: Sandbox | undefined;
  if (settings.app) {
    criteo = { ...common, ...settings.app };
  } else {
    sandbox = await createSandbox({
      app: { service, pkce, callbackURL: new URL(consentPath, callbackURL).href },
    });
    criteo = { ...common, ...sandbox.app, ...sandbox.endpoints };
  }
  const app = createApp({
    criteo,
    signing: sandbox ? { key: sandbox.app.signingKey, secret: sandbox.app.signingSecret } : settings.signing,
    sessionSecret: settings.sessionSecret,
    sandbox: sandbox?.url,
  });
  server.on('request', app);

  if (sandbox) {
    console.log(`Talking to the sandbox, a stand-in for Criteo on this machine (${sandbox.url}).`);
    console.log('To talk to Criteo itself, set CRITEO_CLIENT_ID and CRITEO_CLIENT_SECRET.');
  } else {
    console.log('Talking to Criteo. Your Criteo app must list these redirect URIs:');
    console.log(`  ${callbackURL} (to sign in)\n  ${new URL(connectCallback, callbackURL)} (to connect)`);
    if (settings.signing) console.log(`and your connector this callback URL: ${new URL(consentPath, callbackURL)}`);
  }
  console.log(`\n  Open ${new URL(callbackURL).origin}\n\nCtrl-C stops it.`);

  let stopping = false;
  const stop = async (): Promise<void> => {
    // npm and the terminal may both pass a Ctrl-C on.
    if (stopping) return;
    stopping = true;
    // Nothing may keep a person at the keyboard waiting.
    setTimeout(() => process.exit(0), 2_000).unref();
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await Promise.all([closed, sandbox?.close()]);
    process.exit(0);
  };
  process.on('SIGINT', () => void stop());
  process.on('SIGTERM', () => void stop());
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') {
        reject(
          new SettingsError(
            `Port ${port} is taken: stop what runs there, or choose another one with PORT=${port + 1} npm start.`,
          ),
        );
      } else if (error.code === 'EACCES') {
        reject(new SettingsError(`Port ${port} may not be used: choose one above 1023, like PORT=3000 npm start.`));
      } else {
        reject(error);
      }
    });
    server.listen(port, 'localhost', () => resolve((server.address() as AddressInfo).port));
  });
}

start().catch((error: unknown) => {
  // Options that the strategy refuses come as a TypeError that names the option.
  const known = error instanceof SettingsError || error instanceof TypeError;
  console.error(known ? error.message : error);
  process.exit(1);
});
