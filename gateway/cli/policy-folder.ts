// `tollgate start --policy`: serves by a folder of policies that is built at every change, and says in the terminal what came of it.
import { join, relative } from "node:path";
import type { Config } from "../config/config.ts";
import { createBuiltSource } from "../distribution/built-source.ts";
import { createLastGood } from "../distribution/last-good.ts";
import type { BundleSource } from "../distribution/source.ts";
import { CommandError } from "./context.ts";
import type { CommandContext } from "./context.ts";
import { startBuilder } from "./policy-builder.ts";
import type { FolderBuilt } from "./policy-folder-messages.ts";

export type PolicyFolder = Disposable & {
  readonly source: BundleSource;
  /** Is told that the gateway serves by what the source gave first. */
  serves(): Promise<void>;
};

type Good = FolderBuilt & { readonly built: object };

/**
 * Builds the folder and goes on doing so. Rejects with a `CommandError` where it is wrong and there is no good one from
 * before, once it has shown why, and where `stop` comes first.
 */
export async function openPolicyFolder(
  config: Config,
  { stdout, env, cwd }: CommandContext,
  stop: Promise<unknown>,
): Promise<PolicyFolder> {
  const folder = config.policy.bundles[0].bundle;
  const below = relative(cwd, folder);
  const name = below === "" || below.startsWith("..") ? folder : below;
  const kept = createLastGood(
    join(config.stateDir, "policy", `${config.policy.bundles[0].name}.bundle`),
    folder,
  );
  const say = (text: string): unknown => stdout.write(`${text}\n`);
  /** What the source gave last, and how what decides is called. */
  let offered: Good | null = null;
  let inForce: string | null = null;

  const source = createBuiltSource(folder, (problem) => {
    if (offered === null) return;
    const { built, since, changes } = offered;
    const revision = toName(built);
    const took = `${((Date.now() - since) / 1000).toFixed(1)} s`;
    if (problem !== null) say(`Refused by the gateway: ${revision}; ${inForce} goes on deciding. ${problem}`);
    else if (revision === inForce) say(`Right, and decides as before: ${revision}, after ${took}.`);
    else {
      inForce = revision;
      const what = changes.length === 0 ? "" : `; ${toList(changes)}`;
      say(`In force after ${took}: ${revision}, ${built.rules} rules${what}.`);
      void keep(built.bytes);
    }
  });
  const keep = (bytes: Uint8Array): Promise<void> => kept.write(Buffer.from(bytes)).catch(() => undefined);
  const refuse = (): void => source.fail(`The policy in ${name} is not right.`);

  const first = Promise.withResolvers<FolderBuilt>();
  first.promise.catch(() => undefined);
  function take(done: FolderBuilt): void {
    stdout.write(done.shown);
    first.resolve(done);
    if (done.built !== null) {
      offered = { ...done, built: done.built };
      source.give(Buffer.from(done.built.bytes));
    } else if (inForce !== null) {
      refuse();
      say(`The policy is not right: ${inForce} goes on deciding.`);
    }
  }

  say(`The policy in ${name} is built …`);
  using stack = new DisposableStack();
  const prefix = below === "" ? "" : `${name}/`;
  const hasColours = stdout.isTTY === true && env["NO_COLOR"] === undefined;
  stack.use(
    startBuilder({
      follow: { source: folder, prefix, hasColours },
      env,
      onBuilt: take,
      onEnd(why) {
        say(why);
        first.reject(new CommandError("The policy could not be built: nothing was started."));
      },
    }),
  );
  const done = await Promise.race([first.promise, stop.then(() => null)]);
  if (done === null) throw new CommandError("The start was stopped.");
  if (done.built !== null) inForce = toName(done.built);
  else {
    const before = await kept.read();
    if (before === null) throw new CommandError("The policy is not right: nothing was started.");
    inForce = `what was right on ${before.at.toISOString().slice(0, 16).replace("T", " at ")} (UTC)`;
    say(`The policy is not right: the gateway begins with ${inForce}.`);
    source.give(before.bytes);
    refuse();
  }
  const running = stack.move();
  return {
    source,
    async serves() {
      if (done.built !== null) await keep(done.built.bytes);
    },
    [Symbol.dispose]: () => running.dispose(),
  };
}

function toName({ revision }: { readonly revision: string }): string {
  return `revision ${revision.slice(0, 12)}`;
}

/** The first few, and how many more. */
function toList(changes: readonly string[]): string {
  const most = 4;
  const rest = changes.length - most;
  return [...changes.slice(0, most), ...(rest > 0 ? [`${rest} more`] : [])].join(", ");
}
