// Makes of the file's issuers what tokens are checked by: presets filled in, contradictions found, secrets apart.
import type { Caller, Initiator } from "../exchange.ts";
import { PRESETS } from "./issuer-presets.ts";
import type { ConfigFile } from "./schema.ts";
import type { Followed } from "./secrets.ts";

/** Gives the groups where every claim has one of its values; a `*` at a value's end stands for anything. */
export type GroupRule = {
  readonly when: ReadonlyMap<string, readonly string[]>;
  readonly groups: readonly string[];
};

/** A claim that policy sees, under `name`. */
export type ClaimConfig = {
  readonly claim: string;
  readonly name: string;
  readonly type: "string" | "number" | "boolean" | "strings" | null;
};

/** Tells something apart by a claim's value. */
export type ByClaim<Value> = { readonly claim: string; readonly map: ReadonlyMap<string, Value> };

/** How people sign in at an issuer with the command line; none of it is a secret. */
export type LoginConfig = {
  readonly client_id: string;
  readonly scope: string;
  readonly resource: string | null;
  /** Which of the issuer's tokens the gateway is shown. */
  readonly token: "id_token" | "access_token";
  readonly redirect_uri: string;
};

/** What of an issuer's claims counts. Claims are names, or RFC 6901 pointers where they begin with a slash. */
export type ClaimRules = {
  readonly issuer: string;
  /** Empty: any. */
  readonly authorized_parties: readonly string[];
  readonly subject_claim: string;
  readonly groups_claim: string;
  readonly group_map: ReadonlyMap<string, readonly string[]>;
  readonly group_rules: readonly GroupRule[];
  readonly claims: readonly ClaimConfig[];
  readonly kind: Caller["kind"];
  readonly kind_by: ByClaim<Caller["kind"]> | null;
  readonly initiator_by: ByClaim<Initiator> | null;
  readonly tenant: string;
  readonly tenant_by: ByClaim<string> | null;
};

/** One trusted issuer. */
export type IssuerConfig = ClaimRules & {
  readonly audience: readonly string[];
  readonly algorithms: readonly string[];
  readonly jwks_uri: string | null;
  readonly introspection: {
    readonly endpoint: string | null;
    readonly client_id: string;
    readonly token_prefix: string;
    readonly cache_s: number;
  } | null;
  /** The console's client, where its people sign in there. */
  readonly console: {
    readonly name: string;
    readonly client_id: string;
    readonly scopes: readonly string[];
  } | null;
  readonly login: LoginConfig | null;
  readonly group_overage: "refuse" | "ignore" | "userinfo";
  readonly clock_skew_s: number;
};

type Entry = ConfigFile["issuers"][number];
/** The part of an entry that both kinds of issuers have. */
type Mapping = Readonly<
  Pick<Entry, "group_map" | "group_rules" | "kind" | "kind_by" | "initiator_by" | "tenant" | "tenant_by">
> & { readonly claims?: readonly NonNullable<Entry["claims"]>[number][] | undefined };
type Report = (at: readonly PropertyKey[], expected: string) => void;

/** The issuers, and the secrets of the gateway's and the console's clients at them by `iss`. */
export type Issuers = {
  readonly issuers: readonly IssuerConfig[];
  readonly secrets: ReadonlyMap<string, string>;
  readonly consoleSecrets: ReadonlyMap<string, string>;
};

/** Reads the file's issuers; `follow` gives a reference's secret, which is required of a gateway that serves. */
export function readIssuers(
  entries: readonly Entry[],
  options: {
    readonly follow: (reference: string) => Followed;
    readonly isServing: boolean;
    readonly report: Report;
  },
): Issuers {
  const { follow, isServing, report } = options;
  const issuers: IssuerConfig[] = [];
  const secrets = new Map<string, string>();
  const consoleSecrets = new Map<string, string>();
  for (const [index, entry] of entries.entries()) {
    const at = ["issuers", index] as const;
    const config = toIssuer(entry);
    if (config === null) {
      report([...at, "issuer"], "expected the issuer's URL, which this preset can't know");
      continue;
    }
    if (issuers.some(({ issuer }) => issuer === config.issuer))
      report([...at, "issuer"], "expected an issuer that no other entry has");
    if (config.introspection !== null && clashes(config.introspection.token_prefix, issuers))
      report(
        [...at, "introspection", "token_prefix"],
        "expected prefixes that tell the issuers' tokens apart",
      );
    if (entry.introspection !== undefined) {
      const followed = follow(entry.introspection.client_secret);
      if ("value" in followed) secrets.set(config.issuer, followed.value);
      else if (isServing) report([...at, "introspection", "client_secret"], followed.expected);
    }
    if (entry.console !== undefined) {
      if (issuers.some((one) => one.console?.name === config.console?.name))
        report([...at, "console", "name"], "expected a name that no other issuer has in the console");
      const followed = follow(entry.console.client_secret);
      if ("value" in followed) consoleSecrets.set(config.issuer, followed.value);
      else if (isServing) report([...at, "console", "client_secret"], followed.expected);
    }
    for (const expected of findLoginProblems(config)) report([...at, "login"], expected);
    issuers.push(config);
  }
  return { issuers, secrets, consoleSecrets };
}

/** What would turn away whoever has signed in. */
function findLoginProblems({ login, audience, authorized_parties: parties }: IssuerConfig): string[] {
  if (login === null) return [];
  const { client_id: id, token, scope } = login;
  return [
    token === "id_token" && !audience.includes(id)
      ? "expected its client_id in audience, which ID tokens are for"
      : "",
    parties.length > 0 && !parties.includes(id) ? "expected its client_id in authorized_parties" : "",
    token === "id_token" && !scope.split(" ").includes("openid")
      ? "expected openid in its scope, or no ID token comes"
      : "",
  ].filter((problem) => problem !== "");
}

/** Says whether a token could belong to two issuers. */
function clashes(prefix: string, others: readonly IssuerConfig[]): boolean {
  return others.some(({ introspection }) => {
    const other = introspection?.token_prefix;
    return other !== undefined && (other.startsWith(prefix) || prefix.startsWith(other));
  });
}

/** Fills an entry in; null where it names no issuer. */
export function toIssuer(entry: Entry): IssuerConfig | null {
  const preset = entry.preset === undefined ? {} : PRESETS[entry.preset];
  const issuer = entry.issuer ?? preset.issuer;
  if (issuer === undefined) return null;
  const { introspection, console: client } = entry;
  return {
    issuer,
    audience: toList(entry.audience),
    authorized_parties: entry.authorized_parties,
    algorithms: entry.algorithms ?? ["RS256", "ES256", "EdDSA"],
    jwks_uri: entry.jwks_uri ?? null,
    introspection:
      introspection === undefined
        ? null
        : {
            endpoint: introspection.endpoint ?? null,
            client_id: introspection.client_id,
            token_prefix: introspection.token_prefix ?? "",
            cache_s: introspection.cache_s,
          },
    console:
      client === undefined
        ? null
        : {
            name: client.name ?? new URL(issuer).hostname,
            client_id: client.client_id,
            scopes: client.scopes,
          },
    login: entry.login === undefined ? null : { ...entry.login, resource: entry.login.resource ?? null },
    subject_claim: entry.subject_claim ?? preset.subject_claim ?? "sub",
    groups_claim: entry.groups_claim ?? preset.groups_claim ?? "groups",
    group_overage: entry.group_overage,
    ...toMapping({
      ...entry,
      claims: entry.claims ?? preset.claims,
      kind: entry.kind ?? preset.kind,
      kind_by: entry.kind_by ?? preset.kind_by,
      initiator_by: entry.initiator_by ?? preset.initiator_by,
    }),
    clock_skew_s: entry.clock_skew_s,
  };
}

/** Gives what an entry of either kind says of its claims. */
export function toMapping(
  entry: Mapping,
): Omit<ClaimRules, "issuer" | "authorized_parties" | "subject_claim" | "groups_claim"> {
  return {
    group_map: toListMap(entry.group_map),
    group_rules: entry.group_rules.map(({ when, groups }) => ({
      when: toListMap(when),
      groups: toList(groups),
    })),
    claims: (entry.claims ?? []).map((one) =>
      typeof one === "string"
        ? { claim: one, name: one, type: null }
        : { claim: one.claim, name: one.name ?? one.claim, type: one.type ?? null },
    ),
    kind: entry.kind ?? "human",
    kind_by: toByClaim(entry.kind_by),
    initiator_by: toByClaim(entry.initiator_by),
    tenant: entry.tenant,
    tenant_by: toByClaim(entry.tenant_by),
  };
}

function toByClaim<Value>(
  by: { readonly claim: string; readonly map: { readonly [value: string]: Value } } | undefined,
): ByClaim<Value> | null {
  return by === undefined ? null : { claim: by.claim, map: new Map(Object.entries(by.map)) };
}

/** Gives one or several as a list. */
export function toList(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? [value] : value;
}

function toListMap(record: {
  readonly [key: string]: string | readonly string[];
}): ReadonlyMap<string, readonly string[]> {
  return new Map(Object.entries(record).map(([key, value]) => [key, toList(value)]));
}
