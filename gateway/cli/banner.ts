// What a start tells: where the gateway is, what is behind it, and what to paste into a program's shell.
import type { Config } from "../config/config.ts";
import { toConsoleOrigin } from "../config/console-origin.ts";
import type { DemoToken } from "./demo-token.ts";
import { readOwnVersion } from "./version.ts";

/** Gives the text. It holds the demo token only where that may be shown. */
export function toBanner(running: {
  readonly config: Config;
  readonly dataUrl: string;
  readonly adminUrl: string | null;
  readonly demo: DemoToken | null;
  readonly isSimulated: boolean;
}): string {
  const { config, demo } = running;
  const url = config.publicUrl ?? running.dataUrl;
  const targets = config.connections.map(
    (one) => `${one.name} (${one.simulated ? "SIMULATED" : one.baseUrl})`,
  );
  const lines = [
    "",
    `Tollgate ${readOwnVersion()} serves ${url}`,
    `  targets   ${targets.length === 0 ? "those in the database" : targets.join(", ")}`,
    `  database  ${config.database.embedded ? `embedded PostgreSQL in ${config.stateDir}` : "your own"}`,
    ...(config.policy.isBuilt
      ? [
          `  policy    ${config.policy.bundles[0].bundle}, built at every change: for development, not for production`,
        ]
      : []),
    ...(running.adminUrl === null ? [] : toAdminLines(config, running.adminUrl)),
  ];
  if (running.isSimulated) {
    lines.push(
      "",
      "  SIMULATED: answers come from a built-in stand-in for the OpenAI API, and say so in a header.",
      "  Set OPENAI_API_KEY, or name connections in tollgate.yaml, for real ones.",
    );
  }
  if (config.database.embedded) {
    lines.push(
      "",
      "  The key for texts at rest lies beside the database: for trying out. In earnest, set DATABASE_URL and TOLLGATE_ENCRYPTION_KEY.",
    );
  }
  const token = toToken(demo);
  lines.push(
    "",
    demo === null
      ? 'Make a key with "tollgate service-accounts create NAME --group developers", then paste:'
      : demo.file === null
        ? "Paste into the shell of your program, Python or JavaScript (the demo token is valid for 8 hours, in the group developers):"
        : `The demo token, valid for 8 hours in the group developers, is in ${demo.file}. Paste into the shell of your program, Python or JavaScript:`,
    "",
    `  export OPENAI_BASE_URL=${url}/v1`,
    `  export OPENAI_API_KEY=${token}`,
    "  # Without this line the Agents SDKs send traces, prompts included, to OpenAI and past the gateway.",
    "  export OPENAI_AGENTS_DISABLE_TRACING=1",
    "",
    "and try:",
    "",
    `  python3 -c 'from openai import OpenAI; print(OpenAI().responses.create(model="gpt-5", input="Hello").output_text)'`,
    `  node -e 'import("openai").then(async ({ OpenAI }) => console.log((await new OpenAI().responses.create({ model: "gpt-5", input: "Hello" })).output_text))'`,
    "",
  );
  return `${lines.join("\n")}\n`;
}

function toAdminLines(config: Config, adminUrl: string): readonly string[] {
  const origin = toConsoleOrigin(config, adminUrl);
  return [`  metrics   ${adminUrl}/metrics`, ...(origin === null ? [] : [`  console   ${origin}/console`])];
}

function toToken(demo: DemoToken | null): string {
  if (demo === null) return "tg_…";
  return demo.file === null ? demo.key : `"$(cat '${demo.file.replaceAll("'", "'\\''")}')"`;
}
