// What the user has set, and how words are written for a shell.

import * as vscode from "vscode";

export interface Settings {
  path: string;
  options: string[];
  sudo: boolean;
}

export function settings(): Settings {
  const set = vscode.workspace.getConfiguration("kernelscript");
  return { path: set.get("path", "ksc"), options: set.get("options", []), sudo: set.get("sudo", false) };
}

/** One word of a command line of a POSIX shell. */
export function quoted(word: string): string {
  return /^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
