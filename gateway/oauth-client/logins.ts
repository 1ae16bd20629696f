// Where people can sign in, as a gateway tells it in its metadata.
import * as oauth from "openid-client";
import { z } from "zod";
import { askServer, discover } from "./authorization-server.ts";
import { NoTokenError } from "./no-token-error.ts";

const HERE: ReadonlySet<string> = new Set(["127.0.0.1", "localhost"]);

const login = z.object({
  issuer: z.url(),
  client_id: z.string(),
  scope: z.string(),
  resource: z.string().nullable(),
  token: z.enum(["id_token", "access_token"]),
  redirect_uri: z.url().refine((text) => {
    const { protocol, hostname } = new URL(text);
    return protocol === "http:" && HERE.has(hostname);
  }),
});
const metadata = z.object({ tollgate_logins: z.array(login) });

/** An issuer at which people sign in, and the public client for that. */
export type Login = z.output<typeof login>;

/** Asks a gateway for the issuer that is meant, by its URL or host; null: the only one. Throws `NoTokenError`. */
export async function findLogin(url: string, issuer: string | null): Promise<Login> {
  const gateway = { url, kind: "gateway" } as const;
  const told = await askServer(gateway, async () => {
    const client = await discover(gateway, "tollgate", oauth.None());
    return metadata.safeParse(client.serverMetadata());
  });
  const logins = told.success ? told.data.tollgate_logins : [];
  const meant = logins.filter(
    (one) => issuer === null || one.issuer === issuer || new URL(one.issuer).host === issuer,
  );
  const [found] = meant;
  if (found !== undefined && meant.length === 1) return found;
  throw new NoTokenError(
    logins.length === 0
      ? "Nobody can sign in at this gateway by the command line: none of its issuers has a `login`."
      : `Name one of the issuers with --issuer: ${logins.map((one) => one.issuer).join(", ")}.`,
  );
}
