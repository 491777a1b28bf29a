// Prints the tokens that the TextMate grammar has of programs: a line of JSON for each, its path, an empty list, and tokens.
//
//     node textmate_tokens.mjs GRAMMAR FOLDER FILES.json        FOLDER has node_modules with vscode-textmate and vscode-oniguruma

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [grammarPath, folder, filesPath] = process.argv.slice(2);
const load = createRequire(join(folder, "package.json"));
const { Registry, INITIAL, parseRawGrammar } = load("vscode-textmate");
const oniguruma = load("vscode-oniguruma");

const wasm = readFileSync(join(folder, "node_modules/vscode-oniguruma/release/onig.wasm"));
await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
const registry = new Registry({
  onigLib: Promise.resolve({
    createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
    createOnigString: (text) => new oniguruma.OnigString(text),
  }),
  loadGrammar: async () => parseRawGrammar(readFileSync(grammarPath, "utf8"), grammarPath),
});
const grammar = await registry.loadGrammar("source.kernelscript");

// The scopes that are kinds of tokens; see editor_tokens.py.
function kind(scopes) {
  const has = (prefix) => scopes.some((scope) => scope.startsWith(prefix));
  if (has("comment")) return "comment";
  if (has("string")) return "string";
  if (has("constant.numeric")) return "number";
  return has("keyword.") && !has("keyword.operator") ? "keyword" : undefined;
}

function tokens(text) {
  const found = [];
  let stack = INITIAL;
  text.split("\n").forEach((whole, number) => {
    const line = whole.replace(/\r$/, "");
    const result = grammar.tokenizeLine(line, stack);
    stack = result.ruleStack;
    let open;
    for (const token of result.tokens) {
      const is = kind(token.scopes);
      // A text and the escapes in it are one token; two texts side by side are not.
      const joined = open !== undefined && is === open.kind && token.startIndex === open.end && is !== "number" && is !== "keyword" && !open.closed;
      if (joined) {
        open.end = token.endIndex;
      } else if (is !== undefined) {
        open = { kind: is, start: token.startIndex, end: token.endIndex };
        found.push([number, open]);
      }
    }
  });
  const lines = text.split("\n");
  return found.flatMap(([number, { kind, start, end }]) => {
    const part = lines[number].slice(start, end);
    const shown = part.trim();
    return shown === "" ? [] : [[number, start + part.length - part.trimStart().length, shown.length, kind]];
  });
}

for (const path of JSON.parse(readFileSync(filesPath, "utf8"))) {
  const text = readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  console.log(JSON.stringify([path, [], tokens(text)]));
}
