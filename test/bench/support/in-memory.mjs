import { Duplex } from 'node:stream';
import { profile, tokens } from './answers.mjs';

const answers = { POST: answer(tokens), GET: answer(profile) };

function answer(text) {
  const length = Buffer.byteLength(text);
  const head = [
    'HTTP/1.1 200 OK',
    'Content-Type: application/json',
    `Content-Length: ${length}`,
    'Connection: keep-alive',
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${text}`);
}

/** A socket that responds from memory. It uses node's HTTP client, but not the kernel. */
class Socket extends Duplex {
  timeout = 0;

  _read() {}

  _write(chunk, _encoding, written) {
    this.answer(chunk);
    written();
  }

  _writev(chunks, written) {
    this.answer(chunks[0].chunk);
    written();
  }

  /** Responds to a chunk that starts with a method. Other chunks are the body. */
  answer(chunk) {
    const [method] = /^(GET|POST) /.exec(chunk.toString('latin1')) ?? [];
    if (method) setImmediate(() => this.push(answers[method.trim()]));
  }

  setTimeout(timeout) {
    this.timeout = timeout;
    return this;
  }

  setKeepAlive() {}
  setNoDelay() {}
  ref() {}
  unref() {}
}

/** Makes an agent use sockets in memory. */
export function inMemory(agent) {
  agent.createConnection = () => new Socket();
  return agent;
}
