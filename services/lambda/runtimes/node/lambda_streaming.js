// awslambda.streamifyResponse: the response stream is kept and sent as one answer when it is finished.
// Known difference: nothing reaches the caller before the end.
'use strict';

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');

class HttpResponseStream {
  static from(stream, prelude) {
    stream.setContentType('application/vnd.awslambda.http-integration-response');
    stream.prelude = Buffer.concat([Buffer.from(JSON.stringify(prelude)), Buffer.alloc(8)]);
    return stream;
  }
}

function install() {
  globalThis.awslambda = {
    streamifyResponse(handler, options) {
      handler[STREAMING] = 'response';
      if (typeof options?.highWaterMark === 'number') {
        handler[Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark')] = Math.trunc(options.highWaterMark);
      }
      return handler;
    },
    HttpResponseStream,
  };
}

// A stream, and a promise of {body, contentType} for when it is finished.
function responseStream() {
  const { Writable } = require('stream');
  const pieces = [];
  const stream = new Writable({
    write(piece, encoding, done) {
      pieces.push(typeof piece === 'string' ? Buffer.from(piece, encoding) : Buffer.from(piece));
      done();
    },
  });
  const write = stream.write;
  stream.write = function (piece, ...rest) {
    const plain = typeof piece === 'string' || ArrayBuffer.isView(piece);
    return write.call(stream, plain ? piece : JSON.stringify(piece), ...rest);
  };
  stream.contentType = 'application/octet-stream';
  stream.setContentType = (type) => { stream.contentType = type; };
  const finished = new Promise((resolve, reject) => {
    stream.on('error', reject);
    stream.on('finish', () => resolve({
      body: Buffer.concat(stream.prelude ? [stream.prelude, ...pieces] : pieces),
      contentType: stream.contentType,
    }));
  });
  finished.catch(() => {}); // whoever waits for it sees the error
  return { stream, finished };
}

module.exports = { install, responseStream, STREAMING };
