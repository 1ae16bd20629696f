// Finds out what the rules of a phase read, by `opa deps`.

import { z } from "zod";
import type { CollectedPhase } from "./collector.ts";
import { PolicyProblem } from "./problem.ts";
import type { Opa } from "./run-opa.ts";

const dependencies = z.object({ base: z.array(z.array(z.object({ value: z.unknown() }))) });

/** The phases in which the gateway has the whole body and its texts. */
const WITH_CONTENT: ReadonlySet<CollectedPhase> = new Set(["request", "end", "whole"]);

/**
 * Gives RFC 6901 pointers into `input`, sorted, without those below another. The empty one stands for a rule that
 * takes `input` as it is. Throws `PolicyProblem` where a rule reads what there is not.
 */
export async function findReads(opa: Opa, folder: string, phase: CollectedPhase): Promise<readonly string[]> {
  const query = `data.gateway.main.${phase}`;
  const found = dependencies.parse(
    JSON.parse(
      await opa.run(["deps", "--format", "json", "--ignore", "*_test.rego", "--data", "gateway", query], {
        cwd: folder,
      }),
    ),
  );
  const references = found.base.map((reference) => reference.map(({ value }) => String(value)));
  if (references.some(([root, gateway, main]) => root === "data" && gateway === "gateway" && main === "main"))
    throw new PolicyProblem(`There is no rule ${query}.`);
  if (
    references.some(
      ([root, gateway, name]) =>
        root === "data" &&
        (gateway === undefined || (gateway === "gateway" && (name === undefined || name === "patterns"))),
    )
  )
    throw new PolicyProblem(
      `A rule of the phase ${phase} reads data.gateway.patterns, or all of data: patterns are the gateway's. Read input.patterns or input.findings.`,
    );
  const pointers = references
    .filter(([root]) => root === "input")
    .map((reference) =>
      reference
        .slice(1)
        .map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`)
        .join(""),
    );
  const reads = [...new Set(pointers)]
    .filter((pointer) => !pointers.some((other) => other !== pointer && pointer.startsWith(`${other}/`)))
    .toSorted();
  const content = reads.find((pointer) => pointer === "" || /^\/(?:body|texts)(?:\/|$)/.test(pointer));
  if (content !== undefined && !WITH_CONTENT.has(phase))
    throw new PolicyProblem(
      `A rule of the phase ${phase} reads ${content === "" ? "all of input" : `input${content.replaceAll("/", ".")}`}, but bodies and texts ` +
        "are whole only in the phases request and end. Name one of those in its METADATA, or read single facts.",
    );
  return reads;
}
