// Runs a Node.js handler over the Lambda Runtime API: one event at a time, until the environment is ended.
'use strict';

const { RuntimeApi } = require('./runtime_api.js');
const { patch, running } = require('./lambda_console.js');
const { runtimeError, UnhandledPromiseRejection, describe, formatted, platformType } = require('./lambda_errors.js');
const { load } = require('./lambda_loader.js');
const { install, responseStream, STREAMING } = require('./lambda_streaming.js');

const requested = /nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV || '') || [null, process.versions.node.split('.')[0]];
const version = Number(requested[1]);
const hasCallbacks = version < 24;

const api = new RuntimeApi(process.env.AWS_LAMBDA_RUNTIME_API);
let invocation = null; // its request id while an event is being worked on
let whenEmpty = null;  // what to do when Node's event loop has nothing left

function end() {
  process.exit(1); // the Runtime API is gone: so is this environment
}

function logError(label, error) {
  console.error(label, formatted(error));
}

async function reportError(path, error) {
  const headers = { 'Content-Type': 'application/json', 'Lambda-Runtime-Function-Error-Type': platformType(error) };
  await api.request('POST', path, headers, JSON.stringify(describe(error))).catch(end);
}

// What nobody has caught ends the environment, after the platform has been told.
function fatal(label, status, error) {
  const path = invocation === null ? 'init/error' : `invocation/${invocation}/error`;
  logError(label, error);
  reportError(path, error).then(() => process.exit(status));
}

function headerJson(headers, name) {
  return headers[name] ? JSON.parse(headers[name]) : undefined;
}

function context(headers, complete) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const callbacks = hasCallbacks
    ? {
        succeed: (result) => complete.now(null, result),
        fail: (error) => complete.now(error === undefined || error === null ? 'handled' : error),
        done: (error, result) => complete.now(error, result),
      }
    : {};
  return {
    get callbackWaitsForEmptyEventLoop() { return complete.waits; },
    set callbackWaitsForEmptyEventLoop(value) { complete.waits = value; },
    ...callbacks,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: headerJson(headers, 'lambda-runtime-client-context'),
    identity: headerJson(headers, 'lambda-runtime-cognito-identity'),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    tenantId: headers['lambda-runtime-aws-tenant-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

function asJson(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? 'null';
  } catch {
    throw version < 24 ? new Error('Unable to stringify response body')
      : runtimeError('JSONStringifyError', 'Unable to stringify response body');
  }
}

// Resolves when the answer to this event has been given, in whatever style the handler gives it.
function run(handler, event, headers, id) {
  return new Promise((resolve) => {
    let settled = false;
    const send = async (error, result) => {
      whenEmpty = null;
      let body;
      if (error === undefined || error === null) {
        try {
          body = asJson(result);
        } catch (problem) {
          error = problem;
        }
      }
      if (body === undefined) {
        logError('Invoke Error', error);
        await reportError(`invocation/${id}/error`, error);
      } else {
        await api.request('POST', `invocation/${id}/response`, { 'Content-Type': 'application/json' }, body).catch(end);
      }
      resolve();
    };
    const once = (act) => (...values) => {
      if (settled) return;
      settled = true;
      act(...values);
    };
    const complete = { waits: true, now: once(send) };
    const callback = once((error, result) => {
      if ((error !== undefined && error !== null) || !complete.waits) send(error, result);
      else whenEmpty = () => send(null, result);
    });
    // Nothing left to do and no answer given: a promise that nobody settles, or a callback that nobody called.
    whenEmpty = once(() => {
      if (handler.constructor.name !== 'AsyncFunction' && hasCallbacks) return send(null, null);
      send(runtimeError('NodeJsExit', 'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly ' +
        'caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes'));
    });
    let result;
    try {
      const given = context(headers, complete);
      if (handler[STREAMING]) return runStreaming(handler, event, given, id).then(() => { whenEmpty = null; resolve(); });
      result = hasCallbacks ? handler(event, given, callback) : handler(event, given);
    } catch (error) {
      complete.now(error === undefined || error === null ? String(error) : error);
      return undefined;
    }
    if (result !== null && typeof result === 'object' && typeof result.then === 'function') {
      result.then((value) => complete.now(null, value), (error) => complete.now(error === undefined || error === null ? 'handled' : error));
    } else if (!hasCallbacks) {
      complete.now(null, result);
    }
    return undefined;
  });
}

async function runStreaming(handler, event, given, id) {
  const { stream, finished } = responseStream();
  try {
    await handler(event, stream, given);
    if (!stream.writableEnded) stream.end();
    const { body, contentType } = await finished;
    const headers = { 'Content-Type': contentType, 'Lambda-Runtime-Function-Response-Mode': 'streaming' };
    await api.request('POST', `invocation/${id}/response`, headers, body).catch(end);
  } catch (error) {
    logError('Invoke Error', error);
    await reportError(`invocation/${id}/error`, error);
  }
}

async function main() {
  patch();
  process.on('uncaughtException', (error) => fatal('Uncaught Exception', 129, error));
  process.on('unhandledRejection', (reason, promise) => {
    const error = new UnhandledPromiseRejection(reason, promise);
    fatal('Unhandled Promise Rejection', 128, error);
  });
  process.on('beforeExit', () => {
    const act = whenEmpty;
    whenEmpty = null;
    if (act !== null) act();
  });
  if (!/^(1|true)$/.test(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA || '')) install();

  let handler;
  try {
    handler = await load(process.env.LAMBDA_TASK_ROOT || '/var/task', process.env._HANDLER || '', version >= 24);
    if (handler[STREAMING] && handler[STREAMING] !== 'response') {
      throw runtimeError('MalformedStreamingHandler', 'Only response streaming is supported.');
    }
    if (!hasCallbacks && !handler[STREAMING] && handler.length >= 3) {
      throw runtimeError('CallbackHandlerDeprecated', 'AWS Lambda has removed support for callback-based function handlers starting ' +
        'with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later. For more ' +
        'information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.');
    }
  } catch (error) {
    fatal('Uncaught Exception', 129, error);
    return;
  }
  for (;;) {
    const { status, headers, body } = await api.request('GET', 'invocation/next').catch(end);
    if (status !== 200) {
      process.stderr.write(`the Runtime API answered ${status} to next: ${body}\n`);
      end();
    }
    const id = headers['lambda-runtime-aws-request-id'];
    invocation = running.requestId = id;
    if (headers['lambda-runtime-trace-id']) process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
    else delete process.env._X_AMZN_TRACE_ID;
    let event;
    try {
      event = JSON.parse(body.toString('utf8'));
    } catch (error) {
      logError('Invoke Error', error);
      await reportError(`invocation/${id}/error`, error);
      continue;
    }
    await run(handler, event, headers, id);
  }
}

main();
