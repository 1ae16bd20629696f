// Has a gateway judge its record, by a key that has that right.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { z } from "zod";
import { isLoopback, toHost } from "../config/loopback.ts";
import { followReference } from "../config/secrets.ts";
import { readReport } from "../replay/read-report.ts";
import type { Report } from "../replay/report.ts";
import { CommandError, type CommandContext } from "./context.ts";
import { ACTIVE } from "./policy-source.ts";
import type { ReplayFilter } from "./replay-options.ts";
import type { Compared } from "./replay-sources.ts";

const MOST_BYTES = 64 << 20;

const refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

type AtGateway = Compared &
  ReplayFilter & { readonly gateway: string; readonly token?: string; readonly limit?: number };

/** Sends the bundle, and gives the report. */
export async function replayAtGateway(context: CommandContext, options: AtGateway): Promise<Report> {
  const { bundle, operator } = options;
  if (bundle === ACTIVE) throw new CommandError("Name the bundle to send: --bundle FILE.", 2);
  if (operator !== undefined && operator !== "none")
    throw new CommandError(
      "A gateway lays its own operator's file over the bundle, or with `none` no file.",
      2,
    );
  const url = toUrl(options);
  const token = readToken(options.token, context);
  const answer = await send(url, token, await read(context, bundle), context.signal);
  const value = parse(answer.text);
  const refused = refusal.safeParse(value);
  if (refused.success) {
    const { code, message } = refused.data.error;
    throw new CommandError(`The gateway refuses: ${message} (${code})`, answer.status === 400 ? 2 : 1);
  }
  const report = answer.status === 200 ? readReport(value) : null;
  if (report === null)
    throw new CommandError(
      `What answered at ${url.origin} gave no report (${answer.status}): is it the operators' listener of a gateway of this version?`,
    );
  return report;
}

function toUrl(options: AtGateway): URL {
  const { gateway, since, until, subject, operation, connection, limit, against, operator } = options;
  const base = URL.parse(gateway);
  if (base === null || !/^https?:$/.test(base.protocol) || base.username !== "" || base.password !== "")
    throw new CommandError("Expected the gateway's URL, such as https://tollgate-admin.example.com.", 2);
  if (base.protocol === "http:" && !isLoopback(toHost(base)))
    throw new CommandError("A key goes over https: alone, but to this machine.", 2);
  const url = new URL(`${base.pathname.replace(/\/+$/, "")}/policy/replay`, base);
  const given = {
    since: since?.toISOString(),
    until: until?.toISOString(),
    subject,
    operation,
    connection,
    limit: limit?.toString(),
    against,
    operator,
  };
  for (const [name, value] of Object.entries(given))
    if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

/** A key never stands in the arguments, which other programs can read. */
function readToken(source: string | undefined, { env, cwd }: CommandContext): string {
  if (source?.startsWith("tg_") === true)
    throw new CommandError("A key never stands in the arguments: give a file, or env:NAME.", 2);
  const reference = source ?? "env:TOLLGATE_TOKEN";
  const followed = followReference(
    /^(?:env|file):/.test(reference) ? reference : `file:${reference}`,
    env,
    cwd,
  );
  if ("expected" in followed)
    throw new CommandError(
      `The key can't be had: ${followed.expected}. Set TOLLGATE_TOKEN, or name a file with --token.`,
      2,
    );
  return followed.value.trim();
}

async function send(
  url: URL,
  token: string,
  bundle: Buffer,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        accept: "application/json",
        "content-type": "application/gzip",
      },
      body: new Uint8Array(bundle),
      redirect: "error",
      signal,
    });
    return { status: response.status, text: await readText(response) };
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "a fault";
    throw new CommandError(`The gateway at ${url.origin} can't be asked (${code}).`);
  }
}

/** An answer that breaks off has said why, where it could. */
async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > MOST_BYTES) throw new CommandError("The gateway's report is too long.");
      chunks.push(chunk);
    }
  } catch (error) {
    if (!refusal.safeParse(parse(Buffer.concat(chunks).toString("utf8"))).success) throw error;
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function read({ cwd }: CommandContext, file: string): Promise<Buffer> {
  try {
    return await readFile(resolve(cwd, file));
  } catch {
    throw new CommandError(`The bundle ${file} can't be read.`, 2);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
