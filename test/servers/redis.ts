import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Redis server of a test's own. */
export interface Redis {
  /** Where it is, as clients want it: `redis://127.0.0.1:…`. */
  url: string;
  /** Ends it and forgets its data. */
  stop(): Promise<void>;
}

/** Starts a Redis server (Debian's package `redis-server`) on a free port of this machine; it writes nothing to disk. */
export async function startRedis(): Promise<Redis> {
  const folder = await mkdtemp(join(tmpdir(), 'passport-criteo-redis-'));
  // A free port may be somebody else's a moment later.
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const options = ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', folder, '--save', '', '--appendonly', 'no'];
    const server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await ready(server);
    } catch (error) {
      if (attempt < 5 && /already in use/.test(String(error))) continue;
      await rm(folder, { recursive: true });
      throw error;
    }
    return {
      url: `redis://127.0.0.1:${port}`,
      async stop() {
        const ended = once(server, 'exit');
        server.kill('SIGKILL');
        await ended;
        await rm(folder, { recursive: true });
      },
    };
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    server.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('Ready to accept connections')) resolve();
    });
    server.once('error', (cause) => {
      reject(
        new Error('redis-server does not run: apt-get install -y --no-install-recommends redis-server', { cause }),
      );
    });
    server.once('close', () => reject(new Error(`redis-server ended: ${output}`)));
  });
}
