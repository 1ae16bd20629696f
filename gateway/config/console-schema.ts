// The schema of the console: who may do what in it, how long one stays signed in, and an issuer's part in it.
import { z } from "zod";
import { oneOrMore, secretReference } from "./fields.ts";

const groups = oneOrMore("expected a group or a list of groups").optional();

/** The key `console`. */
export const consoleSettings = z
  .strictObject({
    roles: z
      .strictObject({
        admin: groups.meta({ description: "May see everything and change what the console changes." }),
        policy_editor: groups.meta({ description: "Sees connections, and its own exchanges." }),
        reviewer: groups.meta({ description: "Sees everybody's exchanges." }),
        auditor: groups.meta({
          description: "Sees everybody's exchanges, callers, connections and what admins did.",
        }),
        member: groups.meta({ description: "Sees its own exchanges." }),
      })
      .prefault({})
      .meta({
        description:
          "Which groups of the policy, one or a list, have which role in the console. Who has none sees nothing. But for `member` they count in `policy.tenant` alone.",
      }),
    help: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .meta({ description: "Whom to ask for a role, as it is told to those who have none." }),
    idle_s: z
      .int()
      .min(60)
      .max(86_400)
      .default(1800)
      .meta({ description: "Seconds without a request after which a session is over." }),
    session_s: z
      .int()
      .min(60)
      .max(604_800)
      .default(36_000)
      .meta({ description: "Seconds after the sign-in at which a session is over." }),
    logout_ends_tokens: z.boolean().default(true).meta({
      description:
        "Whether an issuer's back-channel logout ends the subject's short-lived tokens too, besides the console's sessions.",
    }),
  })
  .prefault({})
  .meta({ description: "The console on the admin listener." });

const nameThere = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, {
    error: "expected lower-case letters, digits, dots and hyphens, at most 63",
  })
  .optional()
  .meta({
    description: "Its name in the console and in its addresses there. Absent: the issuer's host.",
  });

/** An issuer's key `console`. */
export const consoleClient = z
  .strictObject({
    client_id: z.string().min(1).max(256).meta({ description: "The console's client at the issuer." }),
    client_secret: secretReference.meta({ description: "That client's secret." }),
    scopes: z
      .array(
        z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, { error: "expected a scope without spaces" }),
      )
      .max(32)
      .default([])
      .meta({ description: "Scopes to ask for besides `openid`, such as one that brings groups." }),
    name: nameThere,
  })
  .optional()
  .meta({
    description:
      "Lets its people sign in to the console (docs/console.md). The client's redirect URI is `ADMIN_URL/console/oidc/NAME/callback`.",
  });

/** A SAML issuer's key `console`. */
export const samlConsole = z.strictObject({ name: nameThere }).optional().meta({
  description:
    "Lets its people sign in to the console (docs/console.md). It posts its answers to `ADMIN_URL/console/saml/NAME/acs`; `ADMIN_URL/console/saml/NAME/metadata` describes the console to it.",
});
