// What is known of the parts of uploads, so that nothing hides where two of them meet.
import type { Caller, Json } from "../exchange.ts";
import { GatewayError } from "../errors.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import { isList } from "../parse/pointer.ts";
import type { PartEdges, UploadParts, UploadPlace } from "../record/upload-parts.ts";

export type Uploads = {
  /** Keeps a part's edges once the target has taken it. */
  note(place: UploadPlace, partId: string, edges: PartEdges): Promise<void>;
  /** Looks at a request about an upload; any other one has neither texts nor a problem. */
  look(caller: Caller, connection: string, request: ParsedRequest): UploadLook | Promise<UploadLook>;
};

export type UploadLook = {
  /** The texts where the parts of `uploads.complete` meet, each to be searched by itself. */
  readonly junctions: readonly string[];
  /** `file_not_inspected`, for parts that no gateway of this database has seen and for an upload of requests. */
  readonly problem: GatewayError | null;
};

/** Bytes of a part's beginning, and of its end: no pattern is longer. */
export const EDGE = 16 * 1024;
const NOTHING: UploadLook = { junctions: [], problem: null };
/** Purposes of files whose lines are requests: these are read line by line, which parts cannot be. */
const LINED: ReadonlySet<unknown> = new Set(["batch", "fine-tune", "evals"]);

/** Makes what looks at uploads. */
export function createUploads(parts: UploadParts): Uploads {
  async function lookAtParts(place: UploadPlace, ids: readonly Json[]): Promise<UploadLook> {
    const found = await parts.find(
      place,
      ids.map((id) => (typeof id === "string" ? id : "")),
    );
    return found === null
      ? toProblem("A part of this upload was not read by the gateway; upload the file whole.")
      : { junctions: toJunctions(found), problem: null };
  }

  return {
    note: (place, partId, edges) => parts.keep(place, partId, edges),
    look(caller, connection, request) {
      const { operation, objects } = request.route;
      const body = request.body() ?? {};
      if (operation === "uploads.create" && LINED.has(body["purpose"]))
        return toProblem("A file whose lines are run cannot be uploaded in parts: use files.create.");
      if (operation !== "uploads.complete") return NOTHING;
      const ids = body["part_ids"] ?? null;
      return lookAtParts({ caller, connection, uploadId: objects[0]?.id ?? "" }, isList(ids) ? ids : []);
    },
  };
}

/** Gives the texts round each place where parts meet; short parts are in them whole. */
function toJunctions(parts: readonly PartEdges[]): readonly string[] {
  const texts: string[] = [];
  let run: Buffer[] = [];
  const close = (): void => {
    if (run.length > 1) texts.push(Buffer.concat(run).toString("utf8").replaceAll("\0", ""));
  };
  for (const { head, tail } of parts) {
    run.push(head);
    if (tail === null) continue;
    close();
    run = [tail];
  }
  close();
  return texts;
}

function toProblem(message: string): UploadLook {
  return { junctions: [], problem: new GatewayError("file_not_inspected", message) };
}
