// The Runtime API over one kept-alive connection. `net` alone starts several milliseconds sooner than `http`, and lets the
// connection count as work for Node's event loop only while an answer is awaited: callbackWaitsForEmptyEventLoop needs that.
'use strict';

const net = require('net');

const ROOT = '/2018-06-01/runtime/';

class RuntimeApi {
  constructor(address) {
    const colon = address.lastIndexOf(':');
    this.host = address.slice(0, colon);
    this.port = Number(address.slice(colon + 1));
    this.socket = null;
    this.queue = Promise.resolve();
  }

  // One request after the other; resolves to {status, headers, body: Buffer}.
  request(method, path, headers = {}, body = null) {
    const run = () => this.exchange(method, path, headers, body);
    const answer = this.queue.then(run, run);
    this.queue = answer.catch(() => {});
    return answer;
  }

  exchange(method, path, headers, body) {
    return new Promise((resolve, reject) => {
      const bytes = body === null ? Buffer.alloc(0) : Buffer.isBuffer(body) ? body : Buffer.from(body, 'utf8');
      let head = `${method} ${ROOT}${path} HTTP/1.1\r\nHost: ${this.host}:${this.port}\r\n`;
      for (const name in headers) head += `${name}: ${String(headers[name]).replace(/[^\t\x20-\x7e]/g, '?')}\r\n`;
      if (method === 'POST') head += `Content-Length: ${bytes.length}\r\n`;
      if (this.socket === null) {
        this.socket = net.connect({ host: this.host, port: this.port, noDelay: true });
      }
      const socket = this.socket;
      const pieces = [];
      let size = 0;
      let wanted = -1; // bytes after which an answer may be complete: saves joining large answers again and again
      const finish = (act, value) => {
        socket.removeListener('data', take);
        socket.removeListener('error', broken);
        socket.removeListener('close', closed);
        socket.unref();
        act(value);
      };
      const take = (piece) => {
        pieces.push(piece);
        size += piece.length;
        if (size < wanted) return;
        const all = pieces.length === 1 ? piece : Buffer.concat(pieces);
        pieces.length = 0;
        pieces.push(all);
        const answer = parse(all);
        if (typeof answer === 'number') {
          wanted = answer;
          return;
        }
        if (answer.headers.connection === 'close') {
          this.socket = null;
          socket.destroy();
        }
        finish(resolve, answer);
      };
      const broken = (error) => {
        this.socket = null;
        finish(reject, error);
      };
      const closed = () => broken(new Error('the Runtime API closed the connection'));
      socket.ref();
      socket.on('data', take);
      socket.on('error', broken);
      socket.on('close', closed);
      if (bytes.length < 65536) {
        socket.write(Buffer.concat([Buffer.from(head + '\r\n', 'latin1'), bytes]));
      } else {
        socket.write(head + '\r\n', 'latin1');
        socket.write(bytes);
      }
    });
  }
}

// The answer, or how many bytes must be there before it is worth to look again.
function parse(all) {
  const end = all.indexOf('\r\n\r\n');
  if (end < 0) return all.length + 1;
  const lines = all.toString('utf8', 0, end).split('\r\n');
  const headers = {};
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  const status = Number(lines[0].split(' ')[1]);
  let at = end + 4;
  if ((headers['transfer-encoding'] || '').toLowerCase() !== 'chunked') {
    const length = Number(headers['content-length'] || 0);
    return all.length < at + length ? at + length : { status, headers, body: all.subarray(at, at + length) };
  }
  const chunks = [];
  for (;;) {
    const line = all.indexOf('\r\n', at);
    if (line < 0) return all.length + 1;
    const length = parseInt(all.toString('latin1', at, line), 16);
    if (length === 0) break;
    if (all.length < line + 4 + length) return line + 4 + length;
    chunks.push(all.subarray(line + 2, line + 2 + length));
    at = line + 4 + length;
  }
  return all.indexOf('\r\n\r\n', at) < 0 ? all.length + 1 : { status, headers, body: Buffer.concat(chunks) };
}

module.exports = { RuntimeApi };
