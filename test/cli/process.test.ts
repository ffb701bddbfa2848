import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createSandbox, type Sandbox } from 'passport-criteo/sandbox';
import { starter } from './process-support';
import { environment } from './support';

describe('The process of the command', () => {
  const { start, script, belowShell } = starter();
  let sandbox: Sandbox;
  before(async () => {
    sandbox = await createSandbox();
  });
  after(() => sandbox.close());

  it('prints results without colour into a pipe, and ends with their status', async () => {
    const running = start(['check'], { ...environment(sandbox), CRITEO_CLIENT_SECRET: 'wrong' });
    expect(await running.ended).to.equal(1);
    expect(running.printed)
      .to.match(/^wrong {4}Client id and secret/m)
      .and.not.contain('\u001b');
  });

  it('writes no file, neither where it runs nor at home', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'criteo-check-'));
    try {
      const env = JSON.stringify({ ...environment(sandbox), HOME: folder });
      const running = script(
        (bin) =>
          `process.chdir('${folder}'); Object.assign(process.env, ${env}); process.argv.push('', 'check'); require('${bin}')`,
      );
      expect(await running.ended).to.equal(0);
      expect(running.printed).to.contain('Client id and secret');
      expect(readdirSync(folder)).to.deep.equal([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('ends without an error when the reader of its output has gone', async () => {
    const running = start(['sandbox', '--port', '0']);
    const url = await running.sees(/http:\/\/\S+/);
    await running.sees(/CRITEO_PKCE/);
    running.child.stdout?.destroy();
    await fetch(`${url}/2026-07/advertisers/me`).catch(() => {});
    expect(await running.ended).to.equal(0);
    expect(running.printed).to.not.match(/EPIPE|Error/);
  });

  it('prints its results when the reader of its errors has gone', async () => {
    const running = start(['check', '--json'], environment(sandbox));
    running.child.stderr?.destroy();
    expect(await running.ended).to.equal(0);
    expect(JSON.parse(running.printed)).to.include({ command: 'check', exitStatus: 0 });
  });

  it('ends at SIGTERM while the reader of its output does not read', async function () {
    this.timeout(20_000);
    const running = start(['sandbox', '--port', '0', '--json']);
    const { url } = JSON.parse(await running.sees(/.*"ready".*/));
    running.child.stdout?.pause();
    const state = 's'.repeat(8_000);
    for (let count = 0; count < 100; count += 1) await (await fetch(`${url}/request?state=${state}`)).text();
    const exited = once(running.child, 'exit');
    running.child.kill('SIGTERM');
    expect(await exited).to.deep.equal([0, null]);
  });

  it('ends with npx, which passes no signal on', async () => {
    const running = belowShell(['sandbox', '--port', '0']);
    await running.sees(/CRITEO_PKCE/);
    running.child.kill('SIGTERM');
    await running.sees(/The sandbox has stopped/);
    await running.ended;
  });

  it('does not load the library or the sandbox before a command needs it', async () => {
    const loaded = `process.on('exit', () => console.log(Object.keys(require.cache).join('\\n')))`;
    const files = async (...args: string[]): Promise<string> => {
      const quoted = args.map((arg) => `'${arg}'`);
      const running = script((bin) => `${loaded}; process.argv.push(${quoted}); require('${bin}')`);
      await running.ended;
      return running.printed;
    };
    const [help, usage] = await Promise.all([files('sandbox', '--help'), files('check')]);
    for (const printed of [help, usage]) {
      expect(printed)
        .to.contain('/lib/cli/main.ts')
        .and.not.match(/\/lib\/(index|strategy|sandbox\/sandbox)\.ts/);
    }
  });
});
