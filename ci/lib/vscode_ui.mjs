// Uses the extension in Visual Studio Code's own window, as its user does: by keys and by what the window shows.
//
//     node vscode_ui.mjs PACKAGES PORT FOLDER [PICTURES]
//
// PACKAGES has `playwright-core`; at PORT of this machine is the server of the editor, whose extension is installed; FOLDER is what
// `ci/lib/vscode.py` made. Writes a line of JSON for each claim: `[CLAIM, WHAT IS WRONG]`, where nothing is wrong an empty text. With PICTURES,
// a folder, one picture of the window after each claim.

import { createRequire } from "node:module";

const [, , packages, port, folder, pictures] = process.argv;
const { chromium } = createRequire(`${packages}/`)("playwright-core");
const PATIENCE = 30_000;
const OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: OPTIONS });
const page = await browser.newPage({ viewport: { width: 1300, height: 850 } });
page.setDefaultTimeout(PATIENCE);

const shows = (selector, text) => page.locator(selector).filter({ hasText: text }).first().waitFor();
const press = (keys) => page.keyboard.press(keys);
const type = (text) => page.keyboard.type(text, { delay: 60 });

let pictured = 0;
async function claim(what, check) {
  let wrong = "";
  try {
    await check();
  } catch (error) {
    wrong = error.message.split("\n").slice(0, 3).join(" ");
  }
  if (pictures) {
    await page.screenshot({ path: `${pictures}/${String(++pictured).padStart(2, "0")} ${what}.png` });
  }
  console.log(JSON.stringify([what, wrong]));
  await press("Escape");
  await press("Escape");
}

/** Opens a folder with a file in it. */
async function open(of, file) {
  const payload = JSON.stringify([["openFile", `vscode-remote://127.0.0.1:${port}${of}/${file}`]]);
  await page.goto(`http://127.0.0.1:${port}/?folder=${of}&payload=${encodeURIComponent(payload)}`, { waitUntil: "commit", timeout: 4 * PATIENCE });
  await page.locator(".tab.active").filter({ hasText: file }).first().waitFor({ timeout: 4 * PATIENCE });
  await page.locator(".monaco-editor .view-line").first().click();
}

/** What the list above the window takes: a command, a line, a file. */
async function pick(keys, text, row = text) {
  await press(keys);
  await page.locator(".quick-input-widget input").first().waitFor();
  await page.keyboard.type(text);
  if (row) {
    await shows(".quick-input-list .monaco-list-row.focused", row);
  }
  await press("Enter");
}

const command = (title) => pick("F1", title);

async function go(line, column) {
  await pick("Control+G", `${line}:${column}`, "");
  await shows(".statusbar-item", `Ln ${line}, Col ${column}`);
}

async function file(name) {
  await pick("Control+P", name);
  await shows(".tab.active", name);
}

/** The text that the editor shows, lines in order. */
async function text() {
  const lines = await page.locator(".editor-group-container.active .view-line").evaluateAll((found) =>
    found.map((line) => [parseFloat(line.style.top), line.textContent.replaceAll("\u00a0", " ")]));
  return lines.sort((left, right) => left[0] - right[0]).map(([, line]) => line).join("\n");
}

async function until(what, holds) {
  const end = Date.now() + PATIENCE;
  while (!(await holds())) {
    if (Date.now() > end) {
      throw new Error(what);
    }
    await page.waitForTimeout(100);
  }
}

const has = (wanted) => until(`the editor does not show ${wanted}`, async () => (await text()).includes(wanted));

await open(folder, "demo.ks");
await claim("the grammar's colours", () => until("fewer than 5 colours", async () => {
  const colours = await page.locator(".view-line span span").evaluateAll((found) => found.map((word) => word.className));
  return new Set(colours.filter((name) => name.startsWith("mtk"))).size >= 5;
}));
await claim("a diagnostic, once", async () => {
  await shows(".squiggly-error, .cdr.squiggly-error", "");
  await command("Problems: Focus on Problems View");
  await shows(".markers-panel .monaco-list-row", "no `limt` in this scope");
  await shows(".markers-panel .monaco-list-row", "help: did you mean `limit`?");
  const rows = await page.locator(".markers-panel .monaco-list-row").filter({ hasText: "no `limt`" }).count();
  if (rows !== 1) {
    throw new Error(`it is there ${rows} times`);
  }
});
await press("Control+1");
await claim("what a code means", async () => {
  await go(11, 10);
  await command("Show or Focus Hover");
  await shows(".monaco-hover", "did you mean");
  await page.locator(".monaco-hover a").filter({ hasText: "E0101" }).first().click();
  await shows(".tab.active", "E0101");
  await has("UnknownName");
});
await claim("quick fix", async () => {
  await file("demo.ks");
  await go(11, 10);
  await press("Control+.");
  await shows(".action-widget", "replace `limt` by `limit`");
  await press("Enter");
  await has("if (limit(");
});
await claim("hover", async () => {
  await go(9, 12);
  await command("Show or Focus Hover");
  await shows(".monaco-hover", "A program of the type xdp");
});
await claim("semantic tokens", () => until("`most` has the colour of plain text", async () => {
  const line = page.locator(".view-line").filter({ hasText: "packets > most" }).first();
  const words = await line.locator("span span").evaluateAll((found) => found.map((word) => [word.textContent, word.className]));
  return words.some(([word, name]) => word.includes("most") && !name.split(" ").includes("mtk1"));
}));
await claim("completion", async () => {
  await go(10, 56);
  await press("End");
  await press("Enter");
  await type("flows.");
  await shows(".suggest-widget .monaco-list-row", "insert");
});
await claim("signature help", async () => {
  await press("Control+Shift+K");
  await go(10, 1);
  await press("End");
  await press("Enter");
  await type("limit(");
  await shows(".parameter-hints-widget", "most: u64");
});
await press("Control+Shift+K");
await claim("definition", async () => {
  await go(11, 10);
  await press("F12");
  await shows(".statusbar-item", "Ln 5, Col 12");
});
await claim("a type of the kernel", async () => {
  await go(10, 31);
  await press("F12");
  await shows(".tab.active", "iphdr");
  await has("ttl: u8");
});
await claim("rename", async () => {
  await file("demo.ks");
  await go(10, 9);
  await press("F2");
  await page.locator(".rename-box :focus").first().waitFor();
  await type("header");
  await press("Enter");
  await has("header->ttl");
});
await claim("format", async () => {
  await command("Format Document");
  await has("var flows: hash<u32, Flow>(64)");
});
await claim("outline", async () => {
  await command("Explorer: Focus on Outline View");
  await shows(".outline-tree .monaco-list-row", "flows");
});
await press("Control+1");
await claim("snippets, each once", async () => {
  await go(8, 1);
  await press("Enter");
  await type("ringb");
  await shows(".suggest-widget .monaco-list-row", "ringbuf");
  for (let count = 0; count < 5; count++) {
    await press("Backspace");
  }
  await type("trac");
  await shows(".suggest-widget .monaco-list-row", "tracepoint");
  const rows = await page.locator(".suggest-widget .monaco-list-row").filter({ hasText: "tracepoint" }).count();
  if (rows !== 1) {
    throw new Error(`\`tracepoint\` is there ${rows} times`);
  }
});
await claim("lenses", async () => {
  await file("tested.ks");
  await shows(".codelens-decoration", "instructions");
  await shows(".codelens-decoration", "verify");
  await shows(".codelens-decoration", "test");
  await shows(".codelens-decoration", "run");
});
await claim("tests", async () => {
  await command("Test: Run Tests in Current File");
  await page.locator(".codicon-testing-passed-icon").first().waitFor();
  await page.locator(".codicon-testing-failed-icon").first().waitFor();
  await shows(".monaco-list-row", "assertion `test(seen");
});
await claim("a header that is open alone", async () => {
  await file("declared.kh");
  await shows(".squiggly-error", "");
});
await open(`${folder}/without`, "demo.ks");
await claim("a compiler that is not there", () => shows(".notification-list-item", "Set `kernelscript.path` to the compiler"));
await browser.close();
