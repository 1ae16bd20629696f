// From the options of a command to a running sidecar.
import { NoTokenError } from "../oauth-client/no-token-error.ts";
import { createTokenSource, toHeldToken } from "../oauth-client/token-source.ts";
import { startSidecar } from "../connect/sidecar.ts";
import type { Sidecar, SidecarPlace } from "../connect/sidecar.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import type { TokenOptions } from "./token-options.ts";
import { toCommandError, toTokenWay } from "./token-options.ts";

/**
 * Starts a sidecar once it has a token, so that what is missing is told at once. Throws a `CommandError` where there is
 * no token, or the place is taken.
 */
export async function openSidecar(
  options: TokenOptions,
  context: CommandContext,
  place: SidecarPlace,
  key: string | null,
): Promise<Sidecar> {
  if (options.tokenFile === "-")
    throw new CommandError("Name a file with --token-file: standard input can't be read anew.", 2);
  const { url, obtain } = toTokenWay(options, context);
  const tokens = createTokenSource(async (refused) => {
    const { token, expiresIn } = await obtain(refused).catch((error: unknown) => {
      // A file that is missing at this moment may be there at the next.
      throw error instanceof CommandError ? new NoTokenError(error.message, { isPassing: true }) : error;
    });
    return toHeldToken(token, expiresIn, Date.now());
  });
  try {
    await tokens.get();
  } catch (error) {
    throw toCommandError(error);
  }
  try {
    return await startSidecar({ gateway: new URL(url), tokens, place, key, env: context.env });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    throw new CommandError(`The sidecar can't listen there (${code}); choose another place.`);
  }
}
