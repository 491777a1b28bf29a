// The client of `ksc lsp`, and what the editor does with ksc's other commands.

import * as vscode from "vscode";
import { LanguageClient } from "vscode-languageclient/node";
import { quoted, settings } from "./settings";
import { tasks } from "./tasks";
import { tests } from "./tests";

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    vscode.commands.registerCommand("ksc.run", (uri?: string) => inTerminal("run", uri)),
    vscode.commands.registerCommand("ksc.test", (uri?: string, name?: string) =>
      inTerminal("test", uri, name === undefined ? [] : ["--filter", `^${name}$`]),
    ),
    vscode.commands.registerCommand("ksc.verify", (uri?: string) => inTerminal("verify", uri)),
    vscode.commands.registerCommand("ksc.showBytecode", (uri?: string) => showBytecode(uri)),
    vscode.commands.registerCommand("ksc.restart", restart),
    vscode.tasks.registerTaskProvider("ksc", tasks),
    vscode.workspace.registerTextDocumentContentProvider("ksc", { provideTextDocumentContent: textOf }),
    vscode.workspace.onDidOpenTextDocument(languageOf),
    tests(),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

async function start(): Promise<void> {
  const { path, options } = settings();
  const documentSelector = ["file", "untitled"].map((scheme) => ({ scheme, language: "kernelscript" }));
  client = new LanguageClient("ksc", "KernelScript", { command: path, args: ["lsp", ...options] }, { documentSelector });
  try {
    await client.start();
  } catch (error) {
    const again = await vscode.window.showErrorMessage(
      `KernelScript: \`${path} lsp\` does not start: ${error}. Set \`kernelscript.path\` to the compiler.`,
      "Open Settings",
    );
    if (again !== undefined) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "kernelscript.path");
    }
  }
}

/** A read-only text of the server: a type of the kernel (`ksc:btf/iphdr`), or what a code means (`ksc:explain/E0101`). */
async function textOf(uri: vscode.Uri): Promise<string | undefined> {
  const found = await client?.sendRequest<{ text: string }>("ksc/text", { uri: uri.toString(true) });
  return found?.text;
}

/** A type of the kernel is shown in the colours of the language. */
function languageOf(document: vscode.TextDocument): void {
  if (document.uri.scheme === "ksc" && document.uri.path.startsWith("btf/")) {
    void vscode.languages.setTextDocumentLanguage(document, "kernelscript");
  }
}

async function restart(): Promise<void> {
  await client?.stop();
  await start();
}

function fileOf(uri: string | undefined): string | undefined {
  const document = vscode.window.activeTextEditor?.document;
  const found = uri === undefined ? document?.uri : vscode.Uri.parse(uri);
  return found?.fsPath;
}

async function inTerminal(command: string, uri: string | undefined, options: string[] = []): Promise<void> {
  const file = fileOf(uri);
  if (file === undefined) {
    return;
  }
  await vscode.workspace.saveAll(false);
  const terminal = vscode.window.terminals.find((open) => open.name === "ksc") ?? vscode.window.createTerminal("ksc");
  const { path, sudo } = settings();
  const words = [...(sudo ? ["sudo"] : []), path, command, ...options, file];
  terminal.show(true);
  terminal.sendText(words.map(quoted).join(" "));
}

async function showBytecode(uri: string | undefined): Promise<void> {
  const file = fileOf(uri);
  if (file === undefined) {
    return;
  }
  await vscode.workspace.saveAll(false);
  const { path, options } = settings();
  const { execFile } = await import("node:child_process");
  execFile(path, ["--target=bpf", "--emit=asm", ...options, file], { maxBuffer: 64 << 20 }, async (error, text, messages) => {
    if (error !== null) {
      void vscode.window.showErrorMessage(`KernelScript: ${messages || error.message}`);
      return;
    }
    const document = await vscode.workspace.openTextDocument({ content: text, language: "plaintext" });
    await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: true });
  });
}
