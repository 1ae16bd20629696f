// A team's bundle, for tests of bundles that decide together: it allows everything, refuses one model, and fails as it is told.
import { buildFixture } from "./fixture-bundle.ts";

const REGO = `
request := plain if not input.request.model in {"gpt-4.1-nano", "gpt-4.1-mini", "gpt-4.1-2025-04-14", "gpt-5"}
request := object.union(plain, {"deny": {{"code": "no_nano"}}, "allow": set()}) if input.request.model == "gpt-4.1-nano"
request := object.union(plain, {"mask": {{"code": "team_masks", "class": "credit_card", "with": "redact"}}}) if input.request.model == "gpt-4.1-mini"
request := plain if input.request.model == "gpt-4.1-2025-04-14"
request := object.union(plain, {"need": {{"code": "x"}}}) if input.request.model == "gpt-4.1-2025-04-14"
request := object.union(plain, {"data_rev": "other"}) if input.request.model == "gpt-5"
`;

const OWN = ["gateway/main", "gateway/params", "gateway/patterns"];

/** What differs from one team's bundle to another's. */
export type TeamBundle = {
  readonly revision: string;
  readonly serial?: number;
  readonly roots?: readonly string[];
  readonly code?: string;
  readonly patterns?: object;
  readonly metadata?: object;
};

/** Builds it. */
export function buildTeamBundle(team: TeamBundle): Promise<Buffer> {
  const { revision, serial, code = "no_nano", roots = ["gateway/rules/search"], patterns } = team;
  const rule = { title: "The team uses no small models", remedy: "Use gpt-4.1.", effects: ["deny"] };
  return buildFixture({
    rego: REGO.replaceAll("no_nano", code),
    ...(patterns !== undefined && { data: { patterns } }),
    manifest: { revision, roots: roots.includes("gateway") ? roots : [...OWN, ...roots] },
    metadata: {
      ...(serial !== undefined && { serial }),
      rules: [{ code, package: "data.gateway.rules.search.nano", phases: ["request"], ...rule }],
      ...team.metadata,
    },
  });
}
