// The server of all strategies, in a separate process. It accepts every code and refresh token, and responds with profiles
// in Criteo's and Google's form. GET /counts returns the number of requests since the last call.
import http from 'node:http';
import https from 'node:https';
import { profile, tokens } from './answers.mjs';

const { TLS_KEY: key, TLS_CERT: cert } = process.env;
const counts = { requests: 0, connections: 0 };

const server = (key ? https : http).createServer({ key, cert, keepAliveTimeout: 120_000 }, (req, res) => {
  const answer = (text) => {
    res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
    res.end(text);
  };
  if (req.url === '/counts') {
    answer(JSON.stringify(counts));
    counts.requests = 0;
    counts.connections = 0;
    return;
  }
  counts.requests += 1;
  if (req.url.startsWith('/hostile')) return flood(res);
  req.resume().on('end', () => answer(req.url.startsWith('/token') ? tokens : profile));
});

/** Sends 64 MB of endless JSON without content-length. */
function flood(res) {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  let left = 1024;
  res.writeHead(200, { 'Content-Type': 'application/json' });
  res.write('{"access_token":"');
  const more = () => {
    while (left > 0 && !res.destroyed) {
      left -= 1;
      if (!res.write(chunk)) return res.once('drain', more);
    }
    res.end();
  };
  more();
}

server.on('connection', () => {
  counts.connections += 1;
});
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit());
