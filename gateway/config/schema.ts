// The schema of the configuration file. docs/configuration.md and docs/tollgate.schema.json are generated from it.
import { z } from "zod";
import { consoleSettings } from "./console-schema.ts";
import { decisionLog } from "./decision-log.ts";
import { bytes, count, milliseconds, network, secretReference, trustedUrl, url } from "./fields.ts";
import { issuer } from "./issuer-schema.ts";
import { outbound } from "./outbound.ts";
import { bundles } from "./bundles.ts";
import { policySource } from "./policy-source.ts";
import { recogniser } from "./recogniser-schema.ts";
import { samlIssuer } from "./saml-schema.ts";
import { signing } from "./signing.ts";

function isTimeZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

const address = z.string().refine((text) => parseAddress(text) !== null, {
  error: "expected host:port, for instance 127.0.0.1:8080",
});

const timeouts = z
  .strictObject({
    connect_ms: milliseconds(10_000, "Time to connect."),
    first_byte_ms: milliseconds(600_000, "Time until the answer begins."),
    idle_ms: milliseconds(300_000, "Longest silence between two bytes of an answer."),
  })
  .prefault({})
  .meta({ description: "Time limits towards the target. There is no limit on an answer's total time." });

const headerValue = z.string().regex(/^[\x21-\x7e]{1,256}$/, {
  error: "expected an id of visible ASCII characters without spaces, at most 256",
});

const openai = z
  .strictObject({
    organization: headerValue.optional().meta({ description: "Sent as `OpenAI-Organization`." }),
    project: headerValue.optional().meta({ description: "Sent as `OpenAI-Project`." }),
  })
  .prefault({})
  .meta({
    description:
      "The account at the target that calls count for. A program's own headers of these names are left behind.",
  });

/** One entry of `connections`. */
export const connection = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, {
      error: "expected lower-case letters, digits and hyphens, at most 63, beginning with a letter or digit",
    })
    .meta({ description: "Names the connection in policy, in the record, and in its path `/c/NAME/v1/…`." }),
  kind: z.literal("openai").default("openai").meta({ description: "What speaks at the other end." }),
  base_url: url
    .default("https://api.openai.com/v1")
    .meta({ description: "Origin and path prefix of the target." }),
  credential: secretReference
    .optional()
    .meta({ description: "The key that the gateway uses at the target; required unless `simulate` is on." }),
  admin_credential: secretReference.optional().meta({
    description:
      "The key for the target's administration. The default connection takes `OPENAI_ADMIN_KEY` where it has none; " +
      "without one the operations of the administration are refused.",
  }),
  labels: z
    .array(
      z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,62}$/, {
        error: "expected a label: lower-case letters, digits, _ . -",
      }),
    )
    .max(32)
    .default([])
    .meta({ description: "Labels that rules refer to, for instance `production`." }),
  unknown_ids: z.enum(["refuse", "allow"]).default("refuse").meta({
    description:
      "What becomes of an id that nobody owns here, such as a file from before Tollgate: `refuse` answers 404, `allow` lets every caller use it; a response, a conversation or a thread becomes its first user's. Owners are known by connection: to another one of the same account everything is from before.",
  }),
  default: z.boolean().default(false).meta({
    description: "Whether `/v1/…` goes here. One connection is the default; a single one is it by itself.",
  }),
  ca: z.string().min(1).optional().meta({
    description:
      "A file of authorities in PEM, which alone are trusted for this target. Absent: the public ones and those of `outbound.ca`.",
  }),
  openai,
  timeouts,
});

/** The whole file. Every key is optional: an empty file is a valid one. */
export const configFile = z
  .strictObject({
    listen: address.default("127.0.0.1:8080").meta({ description: "Where programs connect." }),
    admin_listen: z
      .union([z.literal("off"), address], {
        error: "expected host:port, for instance 127.0.0.1:8081, or off",
      })
      .default("127.0.0.1:8081")
      .meta({ description: "Where `/metrics` and the console listen; `off` opens nothing." }),
    admin_url: trustedUrl
      .refine((text) => !URL.canParse(text) || new URL(text).pathname === "/", {
        error: "expected an origin without a path",
      })
      .optional()
      .meta({
        description:
          "The admin listener's own URL as its users see it. Absent: its address, where that is this machine's own.",
      }),
    tls: z
      .strictObject({
        certificate: z.string().min(1).meta({ description: "The file of the certificate chain, in PEM." }),
        key: z
          .string()
          .min(1)
          .meta({ description: "The file of its private key, in PEM, without a passphrase." }),
        client_ca: z.string().min(1).optional().meta({
          description:
            "The file of the authorities, in PEM, of clients' certificates. Absent: clients are asked for none ([network.md](network.md#mutual-tls)).",
        }),
        client_certificates: z.enum(["require", "request"]).optional().meta({
          description:
            "`require`: nobody comes in without a certificate of these authorities. `request`: without any one does, with any other nobody. Absent: `require`, with `client_ca`.",
        }),
      })
      .optional()
      .meta({
        description:
          "TLS where programs connect, from version 1.2 on. Changed files are taken into use within seconds; a pair that doesn't fit changes nothing.",
      }),
    trusted_proxies: z.array(network).max(256).default([]).meta({
      description:
        "Addresses and networks (`10.0.0.0/8`, `2001:db8::/32`) of the proxies before the gateway, which are believed whom they speak for ([network.md](network.md)). Absent: nobody is.",
    }),
    forwarded_header: z.enum(["x-forwarded-for", "forwarded"]).default("x-forwarded-for").meta({
      description:
        "The header in which they say so: `X-Forwarded-For`, or `Forwarded` (RFC 7239). The other one is not read.",
    }),
    public_url: url.optional().meta({ description: "The gateway's own URL as its users see it." }),
    state_dir: z.string().min(1).default(".tollgate").meta({
      description: "Folder of the embedded database, of its secrets, and of the lock that says who owns it.",
    }),
    database: z
      .strictObject({
        url: secretReference
          .optional()
          .meta({ description: "The database's URL. Absent: an embedded PostgreSQL in the state folder." }),
        ca: z.string().min(1).optional().meta({
          description:
            "A file of authorities in PEM, one of which must vouch for the database's server: `sslrootcert` of the URL, in the configuration. It is read anew for each connection.",
        }),
      })
      .prefault({})
      .meta({ description: "The PostgreSQL database that everything is recorded in." }),
    encryption_key: secretReference.optional().meta({
      description:
        "The key that texts at rest are encrypted with: 32 bytes in base64 or hexadecimal. Required with a database of your own; for the embedded one a key is made in the state folder.",
    }),
    simulate: z
      .boolean()
      .default(false)
      .meta({ description: "Answer from the built-in simulated target instead of the connections' own." }),
    connections: z.array(connection).max(100).default([]).meta({
      description:
        "The targets, beside those that `tollgate connections add` has put into the database. Absent: one named `openai`, made of `OPENAI_API_KEY` and `TOLLGATE_OPENAI_BASE_URL`.",
    }),
    connection_source: z.enum(["configuration", "database"]).default("configuration").meta({
      description: "`database`: the only targets are the connections in the database.",
    }),
    credentials: z
      .strictObject({
        key: secretReference.optional().meta({
          description:
            "The key-encryption key: 32 bytes in base64 or hexadecimal. Absent: one that is derived from the encryption key.",
        }),
        former_keys: z.array(secretReference).max(16).default([]).meta({
          description: "Keys that were `key` before: what they wrapped can still be opened.",
        }),
      })
      .prefault({})
      .meta({
        description:
          "How the keys of connections in the database are sealed: each under a data key of its own, which this key wraps.",
      }),
    outbound,
    issuers: z
      .array(issuer)
      .max(32)
      .default([])
      .meta({ description: "OpenID issuers whose tokens are accepted." }),
    console: consoleSettings,
    saml_issuers: z.array(samlIssuer).max(32).default([]).meta({
      description: "SAML 2.0 issuers whose assertions are exchanged for tokens.",
    }),
    tokens: z
      .strictObject({
        access_s: z.int().min(1).max(86_400).default(3600).meta({
          description: "Seconds that a token lives which `/oauth/token` gives.",
        }),
        refresh_s: z.int().min(60).max(2_592_000).default(43_200).meta({
          description:
            "Seconds after a sign-in that its token can be refreshed. Groups stay as they were at the sign-in for so long.",
        }),
        per_subject: count(
          1_000,
          "Live tokens of one subject. Whoever asks for more is told to use those that there are, with 429; none of them is ended for it.",
        ),
      })
      .prefault({})
      .meta({ description: "The gateway's own short-lived tokens." }),
    policy: z
      .strictObject({
        bundle: z.string().min(1).optional().meta({
          description:
            "The bundle to serve: a file, a folder that one was unpacked to, or an https URL ([policy-distribution.md](policy-distribution.md)). What changes is taken into use. Absent: the one that comes with the gateway.",
        }),
        source: policySource,
        bundles,
        operator: z.string().min(1).optional().meta({
          description: "A file of your own data (access lists, limits, effects), laid over the bundle's.",
        }),
        signing,
        time_zone: z
          .string()
          .refine(isTimeZone, { error: "expected an IANA time zone, for instance Europe/Berlin" })
          .default("UTC")
          .meta({ description: "Zone of `input.time.weekday` and `input.time.hour`." }),
        tenant: z
          .string()
          .min(1)
          .max(64)
          .default("default")
          .meta({ description: "The tenant that service accounts belong to." }),
      })
      .prefault({})
      .meta({ description: "What decides." }),
    limits: z
      .strictObject({
        request_bytes: bytes("32MiB", "Longest request body."),
        upload_bytes: bytes("512MiB", "Longest form, or body of a path that is not known.", "16GiB"),
        spool_bytes: bytes(
          "4GiB",
          "Room in the state folder for bodies that are not decided yet, for each worker; they lie there encrypted.",
          "1024GiB",
        ),
        answer_bytes: bytes(
          "64MiB",
          "Longest answer that is read whole, and longest text that a stream may gather.",
        ),
        event_bytes: bytes("16MiB", "Longest event of a stream."),
        header_bytes: bytes("32KiB", "Longest header section of a request.", "1MiB"),
        depth: z.int().min(8).max(512).default(128).meta({ description: "Deepest nesting of a JSON body." }),
        policy_input_bytes: bytes("1MiB", "Longest input for bundles that read bodies or texts.", "64MiB"),
        request_ms: milliseconds(60_000, "Time until a request's body has arrived."),
        connections: z
          .int()
          .min(1)
          .max(1_000_000)
          .default(10_000)
          .meta({ description: "Open connections of programs, for each worker." }),
        socket_idle_ms: milliseconds(
          3_600_000,
          "How long a WebSocket may stay open over which nothing comes.",
        ),
        socket_messages_per_second: z
          .int()
          .min(1)
          .max(100_000)
          .default(1_000)
          .meta({ description: "Messages of a program over one WebSocket." }),
        per_caller: z
          .strictObject({
            sockets: count(200, "Open WebSockets."),
            uploads: count(64, "Forms, files and unknown bodies that are not decided yet."),
            upload_bytes: bytes("2GiB", "What these hold together.", "1024GiB"),
            lists: count(16, "Lists of the whole account that are searched for the caller's own."),
            batch_lines: count(1_000_000, "Lines of files of requests that are being judged."),
          })
          .prefault({})
          .meta({
            description:
              "What one caller may have under way at once, at all workers of a gateway together; more is refused with 429. They tell one another what they count within a few hundredths of a second. Several gateways that share a database count each for itself.",
          }),
        held_requests: count(
          1_000,
          "Requests that wait for people at once, for each worker. What is over is told at once to try again, and finds its approval then.",
        ),
        held_bytes: bytes("64MiB", "What their bodies hold together in memory, for each worker."),
        cache_bytes: bytes("64MiB", "Memory for what is known of resent history, for each worker."),
      })
      .prefault({})
      .meta({ description: "What a request and an answer may measure." }),
    detect: z
      .strictObject({
        encoded_bytes: z.int().min(0).max(1_048_576).default(0).meta({
          description:
            "So many bytes of a text are decoded from its runs of base64 or hexadecimal, 24 characters or more, to be searched; a run in which a value stands is found as a whole. What comes after that in a text is not decoded. 0: none is.",
        }),
        recogniser: recogniser.optional().meta({
          description:
            "A recogniser of names and addresses beside the gateway, with the HTTP API of Presidio's analyzer (docs/masking.md). Absent: none is asked.",
        }),
      })
      .prefault({})
      .meta({ description: "What values are looked for in." }),
    record: z
      .strictObject({
        linger_ms: z
          .number()
          .min(0)
          .max(100)
          .default(2)
          .meta({ description: "How long a row waits for others to be committed with." }),
        fail_after_ms: milliseconds(
          5000,
          "How long a commit may take before the request is refused.",
          60_000,
        ),
        originals: z
          .strictObject({
            key: secretReference.optional().meta({
              description:
                "The key that they are sealed with: 32 bytes in base64 or hexadecimal. Absent: one that is derived from the encryption key.",
            }),
            former_keys: z.array(secretReference).max(16).default([]).meta({
              description: "Keys that were `key` before: what they sealed can still be opened.",
            }),
            days: z
              .int()
              .min(1)
              .max(3650)
              .default(30)
              .meta({ description: "How long they are kept; with their exchange they go at once." }),
            reveals_per_hour: z
              .int()
              .min(1)
              .max(100_000)
              .default(20)
              .meta({ description: "In how many exchanges one caller is shown them within an hour." }),
          })
          .prefault({})
          .meta({ description: "What was masked, as it was, where policy has it kept." }),
      })
      .prefault({})
      .meta({ description: "How exchanges are recorded." }),
    decision_log: decisionLog.optional(),
    shutdown: z
      .strictObject({
        grace_ms: milliseconds(30_000, "How long running answers may go on after SIGTERM.", 3_600_000),
      })
      .prefault({})
      .meta({ description: "How the gateway stops." }),
    workers: z.int().min(1).max(256).default(1).meta({ description: "Processes that serve." }),
    log: z
      .strictObject({
        level: z
          .enum(["debug", "info", "warn", "error", "silent"])
          .default("info")
          .meta({ description: "The least important lines that are written." }),
        format: z
          .enum(["auto", "pretty", "json"])
          .default("auto")
          .meta({ description: "`auto` is `pretty` on a terminal and `json` elsewhere." }),
      })
      .prefault({})
      .meta({ description: "What the gateway says on standard error." }),
  })
  .prefault({});

export type ConfigFile = z.output<typeof configFile>;

/** Splits `host:port` or `[v6]:port`; null where it is neither. Port 0 lets the system choose. */
export function parseAddress(text: string): { host: string; port: number } | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? null : { host, port };
}
