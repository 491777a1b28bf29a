// Tasks of the type `ksc`: one for each subcommand that takes a source, for the file in the editor.

import * as vscode from "vscode";
import { settings } from "./settings";

const COMMANDS = ["build", "check", "run", "test", "verify"];

function task(definition: vscode.TaskDefinition): vscode.Task {
  const { path, options, sudo } = settings();
  const command: string = definition.command;
  const file: string = definition.file ?? "${file}";
  const privileged = sudo && ["run", "test", "verify"].includes(command);
  const words = [...(command === "build" ? [] : [command]), ...options, file];
  const execution = privileged ? new vscode.ProcessExecution("sudo", [path, ...words]) : new vscode.ProcessExecution(path, words);
  const made = new vscode.Task(definition, vscode.TaskScope.Workspace, `${command} ${definition.file ?? ""}`.trim(), "ksc", execution, "$ksc");
  made.group = command === "test" ? vscode.TaskGroup.Test : command === "run" ? undefined : vscode.TaskGroup.Build;
  return made;
}

export const tasks: vscode.TaskProvider = {
  provideTasks: () => COMMANDS.map((command) => task({ type: "ksc", command })),
  resolveTask: (unresolved) => task(unresolved.definition),
};
