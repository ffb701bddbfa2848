import { randomBytes } from 'node:crypto';
import { createSandbox } from 'passport-criteo/sandbox';
import { createApp } from './app.js';

const { PORT: port = '3000', SESSION_SECRET = randomBytes(32).toString('hex') } = process.env;

/** Returns the Criteo app of the environment, or the app of a sandbox that runs on this machine instead of Criteo. */
async function registered() {
  const { CRITEO_CLIENT_ID: clientID, CRITEO_CLIENT_SECRET: clientSecret, CRITEO_SIGNING_SECRET } = process.env;
  if (clientID) return { clientID, clientSecret, signingSecret: CRITEO_SIGNING_SECRET };
  const { app, endpoints } = await createSandbox();
  return { ...app, ...endpoints, signingSecret: CRITEO_SIGNING_SECRET ?? app.signingSecret };
}

const home = `http://localhost:${port}`;
const app = createApp(home, SESSION_SECRET, await registered());
app.listen(Number(port), 'localhost', () => console.log(`Open ${home}`));
