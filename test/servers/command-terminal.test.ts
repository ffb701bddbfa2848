import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createSandbox, type Sandbox } from 'passport-criteo/sandbox';
import { starter } from '../cli/process-support';
import { environment } from '../cli/support';
import { freePort, user } from '../cli/user';

describe('The command in a pseudo-terminal', () => {
  const { start, inTerminal } = starter();
  let sandbox: Sandbox;
  before(async () => {
    sandbox = await createSandbox();
  });
  after(() => sandbox.close());

  it('colours the words in a terminal, unless NO_COLOR is set', async () => {
    const coloured = inTerminal(['check'], environment(sandbox));
    const plain = inTerminal(['check'], { ...environment(sandbox), NO_COLOR: '1' });
    expect([await coloured.ended, await plain.ended]).to.deep.equal([0, 0]);
    expect(coloured.printed).to.contain('\u001b[32mok       \u001b[0mReach of the API');
    expect(plain.printed)
      .to.match(/^ok {7}Reach of the API/m)
      .and.not.contain('\u001b');
  });

  it('signs in from a terminal, and saves the tokens', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'passport-criteo-'));
    const callbackURL = `http://localhost:${await freePort()}/criteo-auth/callback`;
    const file = join(folder, 'tokens.json');
    const args = ['check', '--login', '--callback-url', callbackURL, '--save', file];
    const running = inTerminal(args, environment(sandbox));
    const url = await running.sees(/http:\S+\/request\?\S+(?=\s)/);
    await user(() => sandbox)(url);
    expect(await running.ended).to.equal(0);
    expect(running.printed).to.match(/Refresh: works/);
    expect(JSON.parse(readFileSync(file, 'utf8'))).to.have.property('refreshToken');
    rmSync(folder, { recursive: true });
  });

  it('is stopped by Ctrl-C in a terminal while it waits for the user', async () => {
    const callbackURL = `http://localhost:${await freePort()}/criteo-auth/callback`;
    const running = inTerminal(['check', '--login'], environment(sandbox, callbackURL));
    await running.sees(/\/request\?\S+\s/);
    running.type('\u0003');
    expect(await running.ended).to.equal(1);
    expect(running.printed).to.match(/There was no login/);
  });

  it('asks in a terminal, and reports what was done if Ctrl-C stops it', async () => {
    const callbackURL = `http://localhost:${await freePort()}/criteo-auth/callback`;
    const running = inTerminal(['check', '--probe'], environment(sandbox, callbackURL));
    await running.sees(/is this a throwaway app.*\[y\/N\]/i);
    running.type('y\n');
    await running.sees(/wrong-secret: [\s\S]*Do it\? \[y\/N\]/);
    running.type('yes\n');
    await running.sees(/denial: [\s\S]*Do it\? \[y\/N\]/);
    running.type('\u0003');
    expect(await running.ended).to.equal(1);
    expect(running.printed).to.match(/Stopped\. Not done: denial, consent, /);
    expect(running.printed).to.match(/\| `clientError` \| `invalid_client` \| wrong-secret \|/);
  });

  it('stops the sandbox on Ctrl-C and on SIGTERM', async () => {
    const typed = inTerminal(['sandbox', '--port', '0']);
    const signalled = start(['sandbox', '--port', '0']);
    await Promise.all([typed.sees(/CRITEO_PKCE/), signalled.sees(/CRITEO_PKCE/)]);
    typed.type('\u0003');
    signalled.child.kill('SIGTERM');
    expect([await typed.ended, await signalled.ended]).to.deep.equal([0, 0]);
    expect(typed.printed + signalled.printed).to.match(/The sandbox has stopped\.[\s\S]*The sandbox has stopped\./);
  });
});
