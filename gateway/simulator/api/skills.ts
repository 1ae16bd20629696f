// Serves skills and their versions: folders of files that are given back as an archive.
import type { JsonObject } from "../../exchange.ts";
import { ApiError } from "../api-error.ts";
import { createBoundedMap } from "../bounded-map.ts";
import { createCollection } from "../collection.ts";
import { formOf, jsonOf, missing, paramOf, secondsOf } from "../call.ts";
import type { ApiDeps, Call, RouteEntry } from "../call.ts";
import { sendContent } from "../content.ts";
import type { FormFile } from "../form.ts";
import { makeId } from "../ids.ts";
import { pageOf } from "../pages.ts";
import { stringAt } from "../read-json.ts";
import { sendJson } from "../send.ts";
import { toZip } from "../zip.ts";

const PATH = "/skills/{skill}/versions";

/** Gives the handlers of `/v1/skills`. */
export function skillRoutes(deps: ApiDeps): readonly RouteEntry[] {
  const archives = createBoundedMap<Buffer>(1000);
  const skills = createCollection(
    { path: "/skills", prefix: "skill_", object: "skill", verbs: ["list", "retrieve", "delete"] },
    deps,
  );
  /** Versions are found by their number, which is their id here. */
  const versions = createCollection(
    {
      path: PATH,
      prefix: "skillver_",
      object: "skill.version",
      verbs: [],
      parent: skills,
      title: "Skill version",
    },
    deps,
  );

  function addVersion(skillId: string, files: readonly FormFile[]): JsonObject {
    const number = String(versions.list(skillId).length + 1);
    const version = {
      id: number,
      object: "skill.version",
      version_id: makeId("skillver_", deps.nextNonce()),
      created_at: secondsOf(deps),
      skill_id: skillId,
      version: number,
      ...describe(files),
    };
    versions.put(version, skillId);
    const only = files.length === 1 ? files[0] : undefined;
    const isArchive = only?.filename.endsWith(".zip") === true;
    const named = files.map(({ filename, bytes }) => ({ name: filename, bytes }));
    archives.set(`${skillId}/${number}`, isArchive && only !== undefined ? only.bytes : toZip(named));
    return version;
  }

  async function readFiles(call: Call): Promise<readonly FormFile[]> {
    const { files } = await formOf(call);
    if (files.length === 0) throw missing("files");
    return files;
  }

  function findVersion(call: Call): JsonObject {
    const skillId = paramOf(call, "skill");
    if (skills.get(skillId) === undefined) throw skills.unknown(skillId);
    const version = versions.get(paramOf(call, "version"), skillId);
    if (version === undefined) throw versions.unknown(paramOf(call, "version"));
    return version;
  }

  function sendArchive(call: Call, skillId: string, version: string): Promise<void> {
    const bytes = archives.get(`${skillId}/${version}`);
    if (bytes === undefined) throw versions.unknown(version);
    return sendContent(call.exchange, bytes, { type: "application/zip", filename: `${skillId}.zip` });
  }

  return [
    ...skills.routes,
    [
      "POST",
      "/skills",
      async (call) => {
        const files = await readFiles(call);
        const id = makeId("skill_", deps.nextNonce());
        const versioned = { default_version: "1", latest_version: "1" };
        const skill = { id, object: "skill", created_at: secondsOf(deps), ...describe(files), ...versioned };
        skills.put(skill);
        addVersion(id, files);
        sendJson(call.exchange, 200, skill);
      },
    ],
    [
      "POST",
      "/skills/{id}",
      (call) => {
        const skill = skills.find(call);
        const version = stringAt(jsonOf(call), "default_version");
        if (version === null) throw missing("default_version");
        if (versions.get(version, stringAt(skill, "id") ?? "") === undefined) throw versions.unknown(version);
        const changed = { ...skill, default_version: version };
        skills.put(changed);
        sendJson(call.exchange, 200, changed);
      },
    ],
    [
      "GET",
      "/skills/{id}/content",
      (call) => {
        const skill = skills.find(call);
        return sendArchive(call, stringAt(skill, "id") ?? "", stringAt(skill, "default_version") ?? "");
      },
    ],
    [
      "POST",
      PATH,
      async (call) => {
        const skillId = paramOf(call, "skill");
        const skill = skills.get(skillId);
        if (skill === undefined) throw skills.unknown(skillId);
        const version = addVersion(skillId, await readFiles(call));
        skills.put({ ...skill, latest_version: stringAt(version, "version") ?? "" });
        sendJson(call.exchange, 200, toTold(version));
      },
    ],
    [
      "GET",
      PATH,
      (call) => {
        const skillId = paramOf(call, "skill");
        if (skills.get(skillId) === undefined) throw skills.unknown(skillId);
        sendJson(call.exchange, 200, pageOf(versions.list(skillId).map(toTold), call.query, "desc"));
      },
    ],
    ["GET", `${PATH}/{version}`, (call) => sendJson(call.exchange, 200, toTold(findVersion(call)))],
    [
      "DELETE",
      `${PATH}/{version}`,
      (call) => {
        const version = findVersion(call);
        const skillId = paramOf(call, "skill");
        if (skills.get(skillId)?.["default_version"] === version["version"]) {
          throw new ApiError(400, "The default version of a skill cannot be deleted.");
        }
        versions.remove(paramOf(call, "version"), skillId);
        const { id } = toTold(version);
        sendJson(call.exchange, 200, {
          id: id ?? "",
          object: "skill.version.deleted",
          deleted: true,
          version: version["version"] ?? "",
        });
      },
    ],
    [
      "GET",
      `${PATH}/{version}/content`,
      (call) => sendArchive(call, paramOf(call, "skill"), stringAt(findVersion(call), "version") ?? ""),
    ],
  ];
}

/** Gives a version as it is answered, with the id that it has outside. */
function toTold(version: JsonObject): JsonObject {
  const { version_id: id, ...rest } = version;
  return { ...rest, id: id ?? "" };
}

/** Reads name and description from the front matter of `SKILL.md`. */
function describe(files: readonly FormFile[]): JsonObject {
  const about = files.find(({ filename }) => filename.endsWith("SKILL.md"))?.bytes.toString("utf8") ?? "";
  return {
    name: /^name:\s*(.+)$/m.exec(about)?.[1] ?? "simulated-skill",
    description: /^description:\s*(.+)$/m.exec(about)?.[1] ?? "",
  };
}
