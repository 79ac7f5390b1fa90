// Errors as AWS's Node.js runtime words them, for the caller and for the log.
'use strict';

class RuntimeError extends Error {}

// An error with one of the runtime's own types: "Runtime.HandlerNotFound" and the like.
function runtimeError(type, message, stack) {
  const error = new RuntimeError(message);
  Object.defineProperty(error, 'name', { value: `Runtime.${type}` });
  const lines = (stack === undefined ? error.stack.replace(/^Error/, error.name) : stack);
  error.stack = lines;
  return error;
}

class UnhandledPromiseRejection extends Error {
  constructor(reason, promise) {
    super(String(reason));
    this.reason = reason;
    this.promise = promise;
  }
}
UnhandledPromiseRejection.prototype.name = 'Runtime.UnhandledPromiseRejection';

function looksLikeError(value) {
  return value instanceof Error ||
    (value && ['name', 'message', 'stack'].every((member) => typeof value[member] === 'string' && value[member]));
}

// The payload for the caller.
function describe(error) {
  try {
    if (looksLikeError(error)) {
      return { errorType: error.name, errorMessage: error.message, trace: String(error.stack || '').split('\n') };
    }
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  } catch {
    return {
      errorType: 'handled',
      errorMessage:
        'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack',
    };
  }
}

function withHiddenMembers(_, value) {
  if (!(value instanceof Error)) return value;
  const shown = Object.assign({ errorType: value.name, errorMessage: value.message, code: value.code }, value);
  if (typeof value.stack === 'string') shown.stack = value.stack.split('\n');
  return shown;
}

// For the log: begins with a tab.
function formatted(error) {
  try {
    return '\t' + JSON.stringify(error, withHiddenMembers);
  } catch {
    return '\t' + JSON.stringify(describe(error));
  }
}

// What the platform is told: only Runtime.X and Function.X are types to it.
function platformType(error) {
  const type = String(describe(error).errorType);
  return /^(Runtime|Function)\.[A-Za-z]+$/.test(type) ? type : 'Function.' + (type.replace(/[^A-Za-z]/g, '') || 'Unknown');
}

module.exports = { runtimeError, UnhandledPromiseRejection, describe, formatted, platformType };
