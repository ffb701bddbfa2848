// Criteo's stand-in for the fleet, in a process of its own: every token is good. GET /counts tells what came, and resets.
import http from 'node:http';

let counts = fresh();
let issued = 0;

function fresh() {
  return { calls: 0, refreshes: {}, first: 0, last: 0 };
}

const server = http.createServer({ keepAliveTimeout: 120_000 }, (req, res) => {
  const answer = (value) => {
    const text = JSON.stringify(value);
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    res.end(text);
  };
  if (req.url === '/counts') {
    const { calls, refreshes, first, last } = counts;
    counts = fresh();
    const times = Object.values(refreshes);
    return answer({ calls, refreshed: times.length, refreshes: times.reduce((a, b) => a + b, 0), took: last - first });
  }
  counts.last = performance.now();
  counts.first ||= counts.last;
  if (!req.url.startsWith('/oauth2/token')) {
    counts.calls += 1;
    return answer({ data: [{ type: 'advertiser', id: '13', attributes: { advertiserName: 'Shop' } }] });
  }
  const parts = [];
  req.on('data', (part) => parts.push(part));
  req.on('end', () => {
    const token = new URLSearchParams(Buffer.concat(parts).toString()).get('refresh_token');
    counts.refreshes[token] = (counts.refreshes[token] ?? 0) + 1;
    issued += 1;
    answer({ access_token: `access-${issued}`, token_type: 'Bearer', expires_in: 900, refresh_token: token });
  });
});
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit());
