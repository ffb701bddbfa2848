import { randomBytes } from 'node:crypto';
import { createSandbox } from 'passport-criteo/sandbox';
import { createApp } from './app.js';

const { PORT: port = '3000', SESSION_SECRET = randomBytes(32).toString('hex'), SESSIONS = 'server' } = process.env;

/** Returns the Criteo app of the environment, or the app of a sandbox that runs on this machine instead of Criteo. */
async function registered() {
  const { CRITEO_CLIENT_ID: clientID, CRITEO_CLIENT_SECRET: clientSecret = '', CRITEO_SIGNING_SECRET } = process.env;
  if (clientID) return { criteo: { clientID, clientSecret }, signingSecret: CRITEO_SIGNING_SECRET };
  const { app, endpoints } = await createSandbox();
  return { criteo: { ...app, ...endpoints }, signingSecret: CRITEO_SIGNING_SECRET ?? app.signingSecret };
}

const home = `http://localhost:${port}`;
const sessions = SESSIONS === 'cookie' ? 'cookie' : 'server';
const app = await createApp({ home, sessionSecret: SESSION_SECRET, sessions, ...(await registered()) });
await app.listen({ port: Number(port), host: 'localhost' });
console.log(`Open ${home}`);
