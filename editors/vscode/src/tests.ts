// The test explorer: `@test` functions of open sources, run by `ksc test --json`, whose lines are reported as they come.

import * as vscode from "vscode";
import { spawn } from "node:child_process";
import * as readline from "node:readline";
import { settings } from "./settings";

/** A line of `ksc test --json`. */
interface Outcome {
  kind: "test" | "summary";
  name: string;
  file: string;
  line: number;
  verdict: "passed" | "failed" | "skipped";
  place: { file: string; line: number } | null;
  message: string;
  output: string;
  ms: number;
}

export function tests(): vscode.Disposable {
  const controller = vscode.tests.createTestController("ksc", "KernelScript");
  controller.resolveHandler = async (item) => {
    if (item === undefined) {
      for (const uri of await vscode.workspace.findFiles("**/*.ks", "**/{target,node_modules}/**")) {
        await discover(controller, uri);
      }
    }
  };
  const run = (request: vscode.TestRunRequest, token: vscode.CancellationToken) => runTests(controller, request, token);
  controller.createRunProfile("Run", vscode.TestRunProfileKind.Run, run, true);
  const changed = (document: vscode.TextDocument) => {
    if (document.languageId === "kernelscript" && document.uri.scheme === "file") {
      void discover(controller, document.uri);
    }
  };
  const listeners = [vscode.workspace.onDidOpenTextDocument(changed), vscode.workspace.onDidSaveTextDocument(changed)];
  vscode.workspace.textDocuments.forEach(changed);
  return vscode.Disposable.from(controller, ...listeners);
}

/** Asks the language server, which knows a test from a comment that looks like one. */
async function discover(controller: vscode.TestController, uri: vscode.Uri): Promise<void> {
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", uri, 1000);
  const found = (lenses ?? []).filter((lens) => lens.command?.command === "ksc.test");
  if (found.length === 0) {
    controller.items.delete(uri.toString());
    return;
  }
  const file = controller.createTestItem(uri.toString(), vscode.workspace.asRelativePath(uri), uri);
  for (const lens of found) {
    const name: string = lens.command?.arguments?.[1];
    const test = controller.createTestItem(`${uri}#${name}`, name, uri);
    test.range = lens.range;
    file.children.add(test);
  }
  controller.items.add(file);
}

/** The wanted tests by file. */
function wanted(controller: vscode.TestController, request: vscode.TestRunRequest): Map<string, vscode.TestItem[]> {
  const files = new Map<string, vscode.TestItem[]>();
  const add = (item: vscode.TestItem): void => {
    if (request.exclude?.includes(item) || item.uri === undefined) {
      return;
    }
    if (item.children.size > 0) {
      item.children.forEach(add);
      return;
    }
    files.set(item.uri.fsPath, [...(files.get(item.uri.fsPath) ?? []), item]);
  };
  if (request.include === undefined) {
    controller.items.forEach(add);
  } else {
    request.include.forEach(add);
  }
  return files;
}

async function runTests(controller: vscode.TestController, request: vscode.TestRunRequest, token: vscode.CancellationToken): Promise<void> {
  const run = controller.createTestRun(request);
  for (const [file, items] of wanted(controller, request)) {
    if (!token.isCancellationRequested) {
      await runFile(run, file, items, token);
    }
  }
  run.end();
}

function runFile(run: vscode.TestRun, file: string, items: vscode.TestItem[], token: vscode.CancellationToken): Promise<void> {
  const { path, options, sudo } = settings();
  const names = new Map(items.map((item) => [item.label, item]));
  items.forEach((item) => run.started(item));
  const words = [path, "test", "--json", "--filter", `^(${[...names.keys()].join("|")})$`, ...options, file];
  const [command, ...rest] = sudo ? ["sudo", "-n", ...words] : words;
  return new Promise((resolve) => {
    const child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
    const cancelled = token.onCancellationRequested(() => child.kill("SIGINT"));
    let said = "";
    child.stderr.on("data", (text: Buffer) => (said += text.toString()));
    readline.createInterface({ input: child.stdout }).on("line", (line) => report(run, names, JSON.parse(line)));
    const end = (why: string) => {
      cancelled.dispose();
      // What has no outcome was not run: the file does not compile, or the run was cancelled.
      names.forEach((item) => run.errored(item, new vscode.TestMessage(why)));
      resolve();
    };
    child.on("error", (error) => end(`${command}: ${error.message}`));
    child.on("close", () => end(said || "not run"));
  });
}

function report(run: vscode.TestRun, names: Map<string, vscode.TestItem>, outcome: Outcome): void {
  const item = names.get(outcome.name);
  if (outcome.kind !== "test" || item === undefined) {
    return;
  }
  names.delete(outcome.name);
  const lines = `${outcome.output}${outcome.verdict}: ${outcome.name}${outcome.message ? `: ${outcome.message}` : ""}\n`;
  run.appendOutput(lines.replaceAll("\n", "\r\n"), undefined, item);
  if (outcome.verdict === "passed") {
    run.passed(item, outcome.ms);
  } else if (outcome.verdict === "skipped") {
    run.skipped(item);
  } else {
    const message = new vscode.TestMessage(outcome.message);
    if (outcome.place !== null) {
      message.location = new vscode.Location(vscode.Uri.file(outcome.place.file), new vscode.Position(outcome.place.line - 1, 0));
    }
    run.failed(item, message, outcome.ms);
  }
}
