#!/usr/bin/env node
// Presents the npm package `solc` (soljson, wasm) to forge as if it were the native compiler:
// forge only ever asks for `--version` and `--standard-json`.
const fs = require("fs");
const solc = require("solc");

const args = process.argv.slice(2);
if (args.includes("--version")) {
  const version = solc.version().replace(".Emscripten.clang", ".Linux.g++");
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${version}`);
} else if (args.includes("--standard-json")) {
  process.stdout.write(solc.compile(fs.readFileSync(0, "utf8")));
} else {
  console.error(`unsupported arguments: ${args.join(" ")}`);
  process.exit(2);
}
