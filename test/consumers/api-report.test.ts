import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect } from 'chai';
import { rejection } from '../support/errors';
import { apiExample, serverOpener } from './support/api-example';

type Download = (
  criteo: typeof fetch,
  report: { kind: string; data: object },
  file: string,
  options: { every?: number; signal?: AbortSignal },
) => Promise<void>;

const MB = 1024 ** 2;
const chunk = Buffer.alloc(64 * 1024, 'x');

describe('A report of Criteo’s API', () => {
  const serve = serverOpener();

  /** An API that refuses the first token, and whose reports have as many megabytes as their kind says. */
  async function open(...statuses: string[]): Promise<{ url: string; asked: string[]; sent: () => number }> {
    const asked: string[] = [];
    let sent = 0;
    let looks = 0;
    const url = await serve(async (req, res) => {
      const path = req.url ?? '';
      req.resume();
      const json = (body: object) => void res.end(JSON.stringify(body));
      if (path === '/oauth2/token') return json({ access_token: 'second', token_type: 'Bearer', expires_in: 900 });
      asked.push(`${req.method} ${path.replace(/^.*reports\//, '')}`);
      if (req.headers.authorization === 'Bearer first') return void res.writeHead(401).end();
      const kind = /reports\/([^/]+)/.exec(path)?.[1] ?? '';
      if (!path.endsWith('/output')) {
        const status = req.method === 'POST' ? 'pending' : statuses[looks++ % statuses.length];
        return json({ data: { id: kind, attributes: { status } } });
      }
      const size = Number(/\d+/.exec(kind)?.[0]) * MB;
      function* content() {
        for (let at = 0; at < size; at += chunk.length) {
          sent += chunk.length;
          yield chunk;
        }
      }
      await pipeline(Readable.from(content()), res).catch(() => {});
    });
    return { url, asked, sent: () => sent };
  }

  it('of 50 MB is asked for, waited for and written to a file in less than 30 MB of memory', async () => {
    const { project } = await apiExample();
    const { url, asked, sent } = await open('pending', 'success');
    const { taken, held, heldIfSlow } = await project.probe('api-memory', url);
    const all = (report: string) => [
      `POST ${report}`,
      `GET ${report}/status`,
      `GET ${report}/status`,
      `GET ${report}/output`,
    ];
    const repeated = 'POST of-10-MB';
    expect(asked).to.deep.equal([
      repeated,
      ...all('of-10-MB'),
      ...all('of-50-MB'),
      ...all('of-50-MB'),
      'GET of-50-MB/output',
    ]);
    expect((await stat(join(project.path, 'report.csv'))).size).to.equal(50 * MB);
    expect(sent()).to.equal(160 * MB);
    expect(Number(held), 'megabytes in use, written to a file').to.be.below(5);
    expect(Number(heldIfSlow), 'megabytes in use, read slowly').to.be.below(5);
    // Later versions let more garbage lie: Node 26 takes 35 MB for a download with nothing but its own http.
    if (Number(process.versions.node.split('.')[0]) > 24) return;
    expect(Number(taken), 'megabytes that the process grew by').to.be.below(30);
  });

  async function download(apiURL: string, options = {}): Promise<string> {
    const example = await apiExample();
    const { downloadReport } = await example.load<{ downloadReport: Download }>('report.js');
    const file = join(example.project.path, 'small.csv');
    await downloadReport(await example.fetcher(apiURL), { kind: 'of-1-MB', data: {} }, file, { every: 1, ...options });
    return file;
  }

  it('is written whole', async () => {
    const { url } = await open('success');
    expect((await readFile(await download(url))).equals(Buffer.alloc(MB, 'x'))).to.equal(true);
  });

  for (const status of ['failure', 'expired', 'unheard-of']) {
    it(`that ends as ${status} is an error, and is not fetched`, async () => {
      const { url, asked } = await open('pending', status);
      expect((await rejection(download(url), Error)).message).to.contain(status);
      expect(asked.filter((each) => each.endsWith('/output'))).to.deep.equal([]);
    });
  }

  it('is waited for no longer than the caller wants', async () => {
    const { url, asked } = await open('pending');
    const error = await rejection(download(url, { every: 60_000, signal: AbortSignal.timeout(100) }), Error);
    expect(error.message).to.match(/aborted/);
    expect(asked.filter((each) => each.endsWith('/status'))).to.deep.equal([]);
  });
});
