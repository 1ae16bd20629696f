// Keeps both ends of the parts of uploads, sealed, so that any gateway of this database can look where they meet.
import type { Database } from "../../db/client.ts";
import { addUploadPart, findUploadParts } from "../../db/queries/upload-parts.ts";
import type { Caller } from "../exchange.ts";
import { ask } from "./ledger.ts";
import type { Box } from "./seal.ts";

/** The beginning and the end of a part; of a short one the whole stands in `head`, and `tail` is null. */
export type PartEdges = { readonly head: Buffer; readonly tail: Buffer | null };

/** Whose upload it is, and where. */
export type UploadPlace = {
  readonly caller: Pick<Caller, "tenant" | "issuer" | "subject">;
  readonly connection: string;
  readonly uploadId: string;
};

export type UploadParts = {
  /** Keeps a part's edges; resolves when that is durable. Rejects with `record_unavailable`. */
  keep(place: UploadPlace, partId: string, edges: PartEdges): Promise<void>;
  /** Gives the edges of parts in their order; null: one is not known. Rejects with `record_unavailable`. */
  find(place: UploadPlace, partIds: readonly string[]): Promise<readonly PartEdges[] | null>;
};

/** The provider's uploads end an hour after they began. */
const KEPT_MS = 2 * 60 * 60 * 1000;
/** Parts of one caller that are remembered. */
const MOST = 1000;

/** Makes the store on a database. */
export function createUploadParts(deps: { readonly db: Database; readonly box: Box }): UploadParts {
  const { db, box } = deps;
  const toKey = ({ caller, connection, uploadId }: UploadPlace, partId: string): string =>
    box.digest(
      caller.tenant,
      JSON.stringify(["upload part", caller.issuer, caller.subject, connection, uploadId, partId]),
    );

  return {
    async keep(place, partId, { head, tail }) {
      const { tenant, issuer, subject } = place.caller;
      const key = toKey(place, partId);
      const text = `${head.toString("base64")}.${tail?.toString("base64") ?? ""}`;
      const owner = box.digest(tenant, JSON.stringify(["uploads", issuer, subject]));
      const now = Date.now();
      const bounds = { before: new Date(now - KEPT_MS), most: MOST };
      await ask(addUploadPart(db, { ...box.seal(text, key), key, owner, at: new Date(now) }, bounds));
    },
    async find(place, partIds) {
      if (partIds.length > MOST) return null;
      const keys = partIds.map((id) => toKey(place, id));
      const rows = keys.length === 0 ? [] : await ask(findUploadParts(db, [...new Set(keys)]));
      const found = new Map(rows.map((row) => [row.key, toEdges(box.open(row, row.key))]));
      const edges = keys.flatMap((key) => found.get(key) ?? []);
      return edges.length === keys.length ? edges : null;
    },
  };
}

function toEdges(text: string): PartEdges {
  const [head = "", tail = ""] = text.split(".");
  return {
    head: Buffer.from(head, "base64"),
    tail: tail === "" ? null : Buffer.from(tail, "base64"),
  };
}
