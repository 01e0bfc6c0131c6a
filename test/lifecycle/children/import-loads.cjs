// Requires the core entry, and prints what that loaded: files of ours, and modules of Node.

const { basename, join } = require('node:path');

const before = new Set([...process.moduleLoadList, ...Object.keys(require.cache)]);
require(join(__dirname, '..', '..', '..', 'cjs', 'index.js'));
const isNew = (name) => !before.has(name);
const files = Object.keys(require.cache)
  .filter(isNew)
  .map((name) => basename(name));
const modules = process.moduleLoadList.filter(isNew).map((name) => name.replace('NativeModule ', ''));
console.log(JSON.stringify({ files, modules }));
