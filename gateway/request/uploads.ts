// What is known of the parts of uploads, so that nothing hides where two of them meet.
import type { Caller } from "../exchange.ts";
import { GatewayError } from "../errors.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import { isList } from "../parse/pointer.ts";

/** The beginning and the end of a part; of a short one the whole stands in `head`, and `tail` is null. */
export type PartEdges = { readonly head: Buffer; readonly tail: Buffer | null };

export type Uploads = {
  /** Keeps a part's edges once the target has taken it. */
  note(place: PartPlace, edges: PartEdges): void;
  /** Looks at a request about an upload; any other one has neither texts nor a problem. */
  look(caller: Caller, connection: string, request: ParsedRequest): UploadLook;
};

export type UploadLook = {
  /** The texts where the parts of `uploads.complete` meet, each to be searched by itself. */
  readonly junctions: readonly string[];
  /** `file_not_inspected`, for parts that this process has not seen and for an upload of requests. */
  readonly problem: GatewayError | null;
};

export type PartPlace = {
  readonly caller: Pick<Caller, "tenant" | "issuer" | "subject">;
  readonly connection: string;
  readonly uploadId: string;
  readonly partId: string;
};

/** Bytes of a part's beginning, and of its end: no pattern is longer. */
export const EDGE = 16 * 1024;
/** Parts that are remembered, and of one caller. */
const MOST_PARTS = 4000;
const MOST_OF_CALLER = 1000;
const NOTHING: UploadLook = { junctions: [], problem: null };
/** Purposes of files whose lines are requests: these are read line by line, which parts cannot be. */
const LINED: ReadonlySet<unknown> = new Set(["batch", "fine-tune", "evals"]);

/** Makes the memory of this process. */
export function createUploads(): Uploads {
  const parts = new Map<string, PartEdges & { readonly owner: string }>();

  function forgetOldest(owner: string | null): void {
    for (const [key, part] of parts) {
      if (owner !== null && part.owner !== owner) continue;
      parts.delete(key);
      return;
    }
  }

  return {
    note(place, edges) {
      const owner = toOwner(place.caller);
      let ofCaller = 0;
      for (const part of parts.values()) if (part.owner === owner) ofCaller += 1;
      if (ofCaller >= MOST_OF_CALLER) forgetOldest(owner);
      else if (parts.size >= MOST_PARTS) forgetOldest(null);
      parts.set(toKey(owner, place.connection, place.uploadId, place.partId), { ...edges, owner });
    },
    look(caller, connection, request) {
      const { operation, objects } = request.route;
      const body = request.body() ?? {};
      if (operation === "uploads.create" && LINED.has(body["purpose"]))
        return toProblem("A file whose lines are run cannot be uploaded in parts: use files.create.");
      if (operation !== "uploads.complete") return NOTHING;
      const uploadId = objects[0]?.id ?? "";
      const ids = body["part_ids"];
      const owner = toOwner(caller);
      const found: PartEdges[] = [];
      for (const id of isList(ids) ? ids : []) {
        const part = parts.get(toKey(owner, connection, uploadId, typeof id === "string" ? id : ""));
        if (part === undefined)
          return toProblem("A part of this upload was not read by this process; upload the file whole.");
        found.push(part);
      }
      return { junctions: toJunctions(found), problem: null };
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

function toOwner({ tenant, issuer, subject }: PartPlace["caller"]): string {
  return JSON.stringify([tenant, issuer, subject]);
}

function toKey(owner: string, connection: string, uploadId: string, partId: string): string {
  return JSON.stringify([owner, connection, uploadId, partId]);
}
