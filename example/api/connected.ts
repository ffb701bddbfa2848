import { CriteoClient, TokenSource } from 'passport-criteo';
import { createSandbox, type Sandbox, type SandboxOptions } from 'passport-criteo/sandbox';
import type { Call } from './call.js';

/** Returns a connection at the sandbox, in place of one that was stored when a user connected. */
export async function connected(app: SandboxOptions['app'] = {}): Promise<Call & { sandbox: Sandbox }> {
  const sandbox = await createSandbox({ app });
  const tokens = new TokenSource({ client: new CriteoClient({ ...sandbox.app, ...sandbox.endpoints }) });
  const consent = sandbox.grant({ kind: 'login' });
  if (consent.tokens) await tokens.save('user-1', consent.tokens);
  const signal = AbortSignal.timeout(60_000);
  return { sandbox, tokens, userId: 'user-1', apiURL: sandbox.endpoints.apiURL, signal };
}
