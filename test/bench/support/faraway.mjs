import net from 'node:net';

/**
 * Opens a proxy to a port of this machine that takes half a round trip in each direction, and a whole one to connect. The
 * kernel connects at once, so the first bytes of the client wait for that round trip too.
 */
export async function faraway(port, roundTrip) {
  const seen = { connections: 0 };
  const server = net.createServer((near) => {
    seen.connections += 1;
    const far = net.connect(port, '127.0.0.1');
    const connected = performance.now() + roundTrip;
    const delayed = (from, to) => {
      from.on('data', (bytes) => {
        const due = Math.max(performance.now(), connected) + roundTrip / 2;
        setTimeout(() => to.writable && to.write(bytes), due - performance.now());
      });
      from.on('close', () => setTimeout(() => to.destroy(), roundTrip / 2));
      from.on('error', () => {});
      from.setNoDelay(true);
    };
    delayed(near, far);
    delayed(far, near);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: server.address().port, seen };
}
