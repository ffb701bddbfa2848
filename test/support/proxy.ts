import http, { type RequestListener } from 'node:http';

/** Acts as a reverse proxy: forwards each request to a port of this machine, with additional headers. */
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
