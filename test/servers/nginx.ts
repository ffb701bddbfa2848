import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cert, key } from '../support/certificate';

/** An nginx of a test's own, ahead of an application. */
export interface Nginx {
  /** Its port, https on localhost. */
  port: number;
  stop(): Promise<void>;
}

/**
 * Starts nginx (Debian's package `nginx-light`) on a free port of this machine, with its own defaults but for what a
 * `location` says; it ends TLS with the certificate of the tests.
 */
export async function startNginx(location: string): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'passport-criteo-nginx-'));
  await Promise.all([writeFile(join(folder, 'key.pem'), key), writeFile(join(folder, 'cert.pem'), cert)]);
  // A free port may be somebody else's a moment later.
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    await writeFile(join(folder, 'nginx.conf'), configuration(folder, port, location));
    const server = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], {
      env: { PATH: `${process.env['PATH']}:/usr/sbin` },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    try {
      await ready(server, port);
    } catch (error) {
      if (attempt < 5 && /Address already in use/.test(String(error))) continue;
      await rm(folder, { recursive: true });
      throw error;
    }
    return {
      port,
      async stop() {
        const ended = once(server, 'exit');
        server.kill('SIGTERM');
        await ended;
        await rm(folder, { recursive: true });
      },
    };
  }
}

function configuration(folder: string, port: number, location: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  return `
daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr warn;
events {}
http {
  access_log off;
  ${temporary.join('\n  ')}
  server {
    listen 127.0.0.1:${port} ssl;
    server_name localhost;
    ssl_certificate ${folder}/cert.pem;
    ssl_certificate_key ${folder}/key.pem;
    ${location}
  }
}`;
}

async function freePort(): Promise<number> {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Waits until it takes connections; an error with its own words where it ends first. */
async function ready(server: ChildProcess, port: number): Promise<void> {
  let output = '';
  server.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  let over: Error | undefined;
  server.once('error', (cause) => {
    over = new Error('nginx does not run: apt-get install -y --no-install-recommends nginx-light', { cause });
  });
  server.once('close', () => {
    over ??= new Error(`nginx ended: ${output}`);
  });
  while (!(await listens(port))) {
    if (over) throw over;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
