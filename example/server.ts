import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CriteoStrategyOptions } from 'passport-criteo';
import { createSandbox, type Sandbox } from 'passport-criteo/sandbox';
import { createApp } from './app';
import { consentPath, signInCallback } from './paths';
import { registrationOf, registrationText } from './registration';
import { readSettings, SettingsError } from './settings';

async function start(): Promise<void> {
  const settings = readSettings(process.env);
  const server = createServer();
  // The example listens on localhost, because Criteo's own demo registers that as redirect URI.
  const port = await listen(server, settings.port);
  const callbackURL = settings.callbackURL ?? `http://localhost:${port}${signInCallback}`;

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
    sandbox,
  });
  server.on('request', app);

  const registration = registrationText(registrationOf(criteo));
  if (sandbox) {
    console.log(`The sandbox (${sandbox.url}) runs on this machine instead of Criteo.`);
    console.log(`\nFor the real Criteo, create an app in Criteo's Partners Portal:\n\n${registration}`);
    console.log('\nThen start the example with CRITEO_CLIENT_ID and CRITEO_CLIENT_SECRET in the environment.');
  } else {
    console.log(`Talking to Criteo. The app in Criteo's Partners Portal must have:\n\n${registration}`);
  }
  console.log(`\n  Open ${new URL(callbackURL).origin}\n\nCtrl-C stops it.`);

  let stopping = false;
  const stop = async (): Promise<void> => {
    // npm and the terminal may both forward Ctrl-C.
    if (stopping) return;
    stopping = true;
    // Ends the process even if closing takes too long.
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
            `Port ${port} is in use: stop what runs there, or choose another one with PORT=${port + 1} npm start.`,
          ),
        );
      } else if (error.code === 'EACCES') {
        reject(new SettingsError(`Port ${port} is not allowed: choose one above 1023, like PORT=3000 npm start.`));
      } else {
        reject(error);
      }
    });
    server.listen(port, 'localhost', () => resolve((server.address() as AddressInfo).port));
  });
}

start().catch((error: unknown) => {
  // The strategy throws a TypeError that names a wrong option.
  const known = error instanceof SettingsError || error instanceof TypeError;
  console.error(known ? error.message : error);
  process.exit(1);
});
