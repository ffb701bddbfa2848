import http, { type RequestListener } from 'node:http';

/** What a reverse proxy does: hands each request on, to a port of this machine, with some headers of its own. */
export function forward(to: () => number, headers: http.OutgoingHttpHeaders = {}): RequestListener {
  return (req, res) => {
    const { method, url: path } = req;
    const onward = http.request(
      { host: '127.0.0.1', port: to(), method, path, headers: { ...req.headers, ...headers }, agent: false },
      (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      },
    );
    onward.on('error', () => res.writeHead(502).end());
    req.pipe(onward);
  };
}
