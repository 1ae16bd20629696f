// Looks into programs that are given to an interpreter as text: the shell commands and deletions in them.

/** What stands in a piece of code. */
export type CodeReading = {
  readonly commands: readonly string[];
  readonly dangers: readonly string[];
  readonly isHidden: boolean;
};

const RUNS_SHELL =
  /\b(?:os\s*\.\s*(?:system|popen|exec\w*|spawn\w*)|subprocess|popen|commands\s*\.\s*getoutput|child_process|exec(?:Sync|File|FileSync)?|spawn(?:Sync)?|system|shell_exec|passthru|proc_open|popen3|Open3|Runtime|ProcessBuilder|qx|pty\s*\.\s*spawn|getstatusoutput|check_output|check_call|Start-Process|Invoke-Expression|iex|execute)\b|`/;
const DELETES_TREE =
  /\b(?:shutil\s*\.\s*rmtree|rmtree|rm_rf|rm_r|FileUtils\s*\.\s*(?:rm_rf|remove_dir|remove_entry)|rmSync|rimraf|remove_tree|File::Path|Remove-Item\b.{0,200}-Recurse|delTree|deleteDirectory|removeSync|emptyDirSync)\b/;
const HIDES =
  /\b(?:__import__|getattr\s*\(\s*os|eval|exec\s*\(|b64decode|atob|fromCharCode|codecs\s*\.\s*decode|marshal|unhexlify|base64)\b/;
const STRING =
  /"""([\s\S]*?)"""|'''([\s\S]*?)'''|"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`|\bqx?\{([^}]*)\}/g;

/** Reads code of any language for what it would have a shell do. */
export function readCode(code: string): CodeReading {
  const isRunning = RUNS_SHELL.test(code);
  const dangers = DELETES_TREE.test(code) ? ["script_delete_tree"] : [];
  if (!isRunning) return { commands: [], dangers, isHidden: HIDES.test(code) };
  const literals: string[] = [];
  const commands: string[] = [];
  let list: string[] = [];
  let last = 0;
  for (const found of code.matchAll(STRING)) {
    const literal = (found[1] ?? found[2] ?? found[3] ?? found[4] ?? found[5] ?? found[6] ?? "").replaceAll(
      /\\(.)/g,
      "$1",
    );
    const between = code.slice(last, found.index);
    last = found.index + found[0].length;
    // `["rm", "-rf", "/"]` is a command in pieces, `"rm " + "-rf /"` one in parts.
    if (/^\s*,?\s*$/.test(between) && list.length > 0) list.push(literal);
    else if (/^\s*[+.]\s*$/.test(between) && list.length > 0) list[list.length - 1] += literal;
    else {
      if (list.length > 0) commands.push(list.join(" "));
      list = [literal];
    }
    literals.push(literal);
    if (literals.length > 256) break;
  }
  if (list.length > 0) commands.push(list.join(" "));
  return { commands: [...new Set([...commands, ...literals])], dangers, isHidden: HIDES.test(code) };
}
