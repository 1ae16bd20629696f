// Programs that run other programs, and how to find the command in their arguments.
import type { Argument } from "./shell-expand.ts";

export const SHELLS: ReadonlySet<string> = new Set(
  "sh bash zsh dash ksh ash mksh fish csh tcsh rbash pwsh powershell cmd".split(" "),
);

export const INTERPRETERS: ReadonlySet<string> = new Set(
  "python python2 python3 pypy pypy3 perl ruby node nodejs bun deno php lua tclsh osascript awk gawk mawk nawk R Rscript groovy".split(
    " ",
  ),
);

export const DATABASE_CLIENTS: ReadonlySet<string> = new Set(
  "psql mysql mariadb sqlite3 sqlite sqlcmd clickhouse-client clickhouse cockroach snowsql duckdb bq sqlplus isql usql pgcli mycli cqlsh impala-shell beeline presto trino turso wrangler".split(
    " ",
  ),
);

/** Options of wrappers that take the next word as their value. */
const VALUED: Readonly<Record<string, string>> = {
  sudo: "ugpCchrtTUD",
  doas: "uC",
  env: "uCS",
  nice: "n",
  ionice: "cnp",
  timeout: "ks",
  stdbuf: "ioe",
  time: "fo",
  xargs: "IiEeLlnPsad",
  parallel: "jIaN",
  chroot: "",
  taskset: "c",
  strace: "eopsu",
  ltrace: "eopsu",
  nsenter: "tSG",
  unshare: "",
  runuser: "ugs",
  ssh: "bcDEeFIiJLlmOopQRSWw",
  exec: "a",
  setpriv: "",
  firejail: "",
  flock: "wE",
  kubectl: "",
};

/** Words that stand between a wrapper's options and the command. */
const OPERANDS: Readonly<Record<string, number>> = {
  timeout: 1,
  chroot: 1,
  flock: 1,
  ssh: 1,
  taskset: 1,
  chrt: 1,
  "systemd-run": 0,
};

export const WRAPPERS: ReadonlySet<string> = new Set([
  ...Object.keys(VALUED),
  ..."nohup command builtin busybox toybox setsid watch su script docker podman nerdctl oc k git npx unbuffer caffeinate dbus-run-session systemd-run chrt proot fakeroot rlwrap torsocks proxychains gosu su-exec tini dumb-init eatmydata coproc time".split(
    " ",
  ),
]);

/** The command that a wrapper runs: its words, or a script. */
export type Inner = {
  readonly words: readonly Argument[];
  readonly script: string | null;
  readonly isUnread: boolean;
};

const NOTHING: Inner = { words: [], script: null, isUnread: false };

/** Finds the command in a wrapper's arguments. */
export function unwrap(program: string, args: readonly Argument[]): Inner {
  switch (program) {
    case "su":
    case "runuser":
    case "script": {
      const option = args.findIndex((arg) => /^(?:-[a-z]*c|--command)$/.test(arg.text));
      const script =
        option === -1
          ? args.find((arg) => arg.text.startsWith("--command="))?.text.slice(10)
          : args[option + 1]?.text;
      if (script !== undefined) return { words: [], script, isUnread: false };
      return program === "runuser" ? unwrapPlain(program, args) : NOTHING;
    }
    case "ssh": {
      const inner = unwrapPlain(program, args);
      return { words: [], script: inner.words.map((word) => word.text).join(" ") || null, isUnread: false };
    }
    case "git": {
      const alias = args.find((arg) => /^alias\.[^=]*=!/.test(arg.text));
      return alias === undefined
        ? NOTHING
        : { words: [], script: alias.text.slice(alias.text.indexOf("!") + 1), isUnread: false };
    }
    case "kubectl":
    case "oc":
    case "k": {
      const dashes = args.findIndex((arg) => arg.text === "--");
      const isExec = args.some((arg) => /^(?:exec|run|debug)$/.test(arg.text));
      return isExec && dashes !== -1 ? { ...NOTHING, words: args.slice(dashes + 1) } : NOTHING;
    }
    case "docker":
    case "podman":
    case "nerdctl":
      return unwrapContainer(args);
    case "env": {
      const split = args.findIndex((arg) => /^(?:-S|--split-string)$/.test(arg.text));
      if (split !== -1) return { words: [], script: args[split + 1]?.text ?? null, isUnread: false };
      const joined = args.find((arg) => /^(?:-S.|--split-string=)/.test(arg.text));
      if (joined !== undefined)
        return { words: [], script: joined.text.replace(/^(?:-S|--split-string=)/, ""), isUnread: false };
      return unwrapPlain(program, args);
    }
    case "flock": {
      const option = args.findIndex((arg) => arg.text === "-c" || arg.text === "--command");
      return option === -1
        ? unwrapPlain(program, args)
        : { words: [], script: args[option + 1]?.text ?? null, isUnread: false };
    }
    case "command":
      return args.some((arg) => /^-[vV]$/.test(arg.text)) ? NOTHING : unwrapPlain(program, args);
    default:
      return unwrapPlain(program, args);
  }
}

function unwrapPlain(program: string, args: readonly Argument[]): Inner {
  const valued = VALUED[program] ?? "";
  let operands = OPERANDS[program] ?? 0;
  let i = 0;
  for (; i < args.length; i += 1) {
    const arg = args[i];
    if (arg === undefined) break;
    if (arg.isUnknown && arg.isOpen) return { ...NOTHING, isUnread: true };
    if (arg.text === "--") {
      i += 1;
      break;
    }
    if (arg.text.startsWith("-") && arg.text !== "-") {
      const last = arg.text.at(-1) ?? "";
      if (!arg.text.startsWith("--") && arg.text.length === 2 && valued.includes(last)) i += 1;
    } else if (
      /^[A-Za-z_]\w*=/.test(arg.text) &&
      (program === "sudo" || program === "env" || program === "doas")
    )
      continue;
    else if (operands > 0) operands -= 1;
    else break;
  }
  return { ...NOTHING, words: args.slice(i) };
}

/** `docker run [options] image command …`, `docker exec [options] container command …`: options that take a value vary. */
function unwrapContainer(args: readonly Argument[]): Inner {
  const start = args.findIndex((arg) => /^(?:run|exec)$/.test(arg.text));
  if (start === -1) return NOTHING;
  const rest = args.slice(start + 1);
  const shell = rest.findIndex((arg) => SHELLS.has(arg.text.replace(/^.*\//, "")));
  if (shell !== -1) return { ...NOTHING, words: rest.slice(shell) };
  const plain = rest.findIndex(
    (arg, i) => !arg.text.startsWith("-") && i > 0 && !(rest[i - 1]?.text.startsWith("-") ?? false),
  );
  return plain === -1 ? NOTHING : { ...NOTHING, words: rest.slice(plain) };
}
