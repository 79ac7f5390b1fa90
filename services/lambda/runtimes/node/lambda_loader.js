// Finds the handler that _HANDLER names: `dir/file.export` or `dir/file.object.method`, CommonJS or ES module.
'use strict';

const fs = require('fs');
const path = require('path');
const { runtimeError } = require('./lambda_errors.js');

function isModuleFolder(folder) {
  for (;;) {
    if (folder.endsWith('/node_modules')) return false;
    const file = path.join(folder, 'package.json');
    if (fs.existsSync(file)) {
      try {
        return JSON.parse(fs.readFileSync(file, 'utf8')).type === 'module';
      } catch (error) {
        console.warn(`${file} cannot be read, it will be ignored for ES module detection purposes.`, error);
        return false;
      }
    }
    if (folder === '/') return false;
    folder = path.dirname(folder);
  }
}

// The order of AWS: FILE, FILE.js (by package.json), FILE.mjs, FILE.cjs, for 24 and later TypeScript, then Node's own search.
async function loadModule(root, folder, name, hasTypeScript) {
  const base = path.resolve(root, folder, name);
  const asModule = isModuleFolder(path.dirname(base));
  const ways = [['', false], ['.js', asModule], ['.mjs', true], ['.cjs', false]];
  if (hasTypeScript) ways.push(['.ts', asModule], ['.mts', true], ['.cts', false]);
  for (const [extension, isModule] of ways) {
    const file = base + extension;
    if (fs.existsSync(file) && fs.statSync(file).isFile()) return isModule ? await import(file) : require(file);
  }
  return require(require.resolve(name, { paths: [root, path.join(root, folder)] }));
}

async function load(root, handler, hasTypeScript) {
  if (handler.includes('..')) {
    throw runtimeError('MalformedHandlerName',
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  }
  const last = path.basename(handler);
  const folder = handler.slice(0, handler.indexOf(last));
  const dot = last.indexOf('.');
  if (dot < 0) throw runtimeError('MalformedHandlerName', 'Bad handler');
  let loaded;
  try {
    loaded = await loadModule(root, folder, last.slice(0, dot), hasTypeScript);
  } catch (error) {
    if (error instanceof SyntaxError) throw runtimeError('UserCodeSyntaxError', String(error), error.stack);
    if (error && error.code === 'MODULE_NOT_FOUND') throw runtimeError('ImportModuleError', String(error));
    throw error;
  }
  const found = last.slice(dot + 1).split('.').reduce((object, key) => object && object[key], loaded);
  if (!found) throw runtimeError('HandlerNotFound', `${handler} is undefined or not exported`);
  if (typeof found !== 'function') throw runtimeError('HandlerNotFound', `${handler} is not a function`);
  return found;
}

module.exports = { load };
