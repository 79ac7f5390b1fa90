// console.* as AWS's Node.js runtime prints it: `time TAB request id TAB LEVEL TAB message`, one log event a call.
'use strict';

const { format } = require('util');

const LEVELS = { trace: 1, debug: 2, info: 3, warn: 4, error: 5, fatal: 6 };
const METHODS = { trace: 'trace', debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error', fatal: 'fatal' };

const running = { requestId: undefined };

function patch() {
  const asJson = (process.env.AWS_LAMBDA_LOG_FORMAT || '').toUpperCase() === 'JSON';
  const least = LEVELS[(process.env.AWS_LAMBDA_LOG_LEVEL || '').toLowerCase()] || 0;
  for (const method in METHODS) {
    const level = METHODS[method];
    console[method] = (...values) => {
      if (LEVELS[level] < least) return;
      const time = new Date().toISOString();
      const line = asJson ? jsonLine(time, level, values) : [time, String(running.requestId), level.toUpperCase(), format(...values)].join('\t');
      // Carriage returns keep the lines of one message together.
      process.stdout.write(line.replace(/\n/g, '\r') + '\n');
    };
  }
}

function jsonLine(timestamp, level, values) {
  const line = { timestamp, level: level.toUpperCase(), requestId: running.requestId };
  line.message = values.length === 1 && !(values[0] instanceof Error) ? values[0] : format(...values);
  const error = values.find((value) => value instanceof Error);
  if (error !== undefined) {
    line.errorType = error.constructor && error.constructor.name;
    line.errorMessage = error.message;
    line.stackTrace = String(error.stack || '').split('\n');
  }
  try {
    return JSON.stringify(line);
  } catch {
    line.message = format(...values);
    return JSON.stringify(line);
  }
}

module.exports = { patch, running };
