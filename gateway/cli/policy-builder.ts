// Runs the process that builds a folder of policies: nothing is compiled in one that serves.
import { fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import type { Environment } from "../config/secrets.ts";
import { folderBuilt } from "./policy-folder-messages.ts";
import type { FolderBuilt, toFollow } from "./policy-folder-messages.ts";

export type BuilderOptions = {
  readonly follow: z.infer<typeof toFollow>;
  readonly env: Environment;
  readonly onBuilt: (done: FolderBuilt) => void;
  /** Told why there is no process any more; another one follows. */
  readonly onEnd: (why: string) => void;
};

const CHILD = fileURLToPath(new URL(`./policy-folder-worker${extname(import.meta.url)}`, import.meta.url));
const AGAIN_MS = 2_000;

/** What finding, fetching and running OPA needs. A policy's tests can read their environment: it holds no secret. */
const HANDED =
  /^(?:PATH|HOME|USER|TMPDIR|LANG|XDG_CACHE_HOME|GO[A-Z]+|SSL_CERT_\w+|(?:https?|no|all)_proxy)$/i;

/** Starts it, and starts it anew where it ends, until disposed. */
export function startBuilder({ follow, env, onBuilt, onEnd }: BuilderOptions): Disposable {
  const handed = Object.fromEntries(Object.entries(env).filter(([name]) => HANDED.test(name)));
  let isStopped = false;
  let child = launch();

  function launch(): ReturnType<typeof fork> {
    const own = fork(CHILD, [], {
      execArgv: [],
      env: handed,
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    let hasEnded = false;
    const end = (why: string): void => {
      if (hasEnded || isStopped) return;
      hasEnded = true;
      onEnd(`The process that builds the policy ${why}; another one takes its place.`);
      setTimeout(() => {
        if (!isStopped) child = launch();
      }, AGAIN_MS).unref();
    };
    own.on("message", (message) => {
      const parsed = folderBuilt.safeParse(message);
      if (parsed.success && !isStopped) onBuilt(parsed.data);
    });
    own.on("error", () => end("could not be started"));
    own.on("exit", (code, signal) => end(`ended by itself (${code ?? signal})`));
    own.send(follow, () => undefined);
    return own;
  }

  return {
    [Symbol.dispose]() {
      isStopped = true;
      if (child.connected) child.disconnect();
    },
  };
}
