// Approvals on a database: what waits, what is asked, and what requesters read of it.
import type { Hono } from "hono";
import type { Database } from "../../db/client.ts";
import {
  askApproval,
  findApproval,
  listenForApprovals,
  listSettled,
  useApprovals,
} from "../../db/queries/approvals.ts";
import type { Config } from "../config/config.ts";
import type { Log } from "../log.ts";
import { derive, openBox } from "../record/keys.ts";
import type { Box } from "../record/seal.ts";
import { createApprovals } from "./approvals.ts";
import type { Approvals } from "./approvals.ts";
import { createApprovalRoutes } from "./routes.ts";
import type { RouteDeps } from "./routes.ts";
import { openWaits } from "./waits.ts";
import type { Waits } from "./waits.ts";

/** The room of approvals in a process. */
export type OpenApprovals = Approvals &
  Pick<Waits, "end" | "close"> & {
    /** Makes the routes of requesters. */
    routes(deps: Pick<RouteDeps, "authenticate" | "log">): Hono;
  };

/** Opens it. */
export async function openApprovals(deps: {
  readonly db: Database;
  readonly encryptionKey: Buffer;
  readonly limits: Pick<Config["limits"], "held_requests" | "held_bytes">;
  /** The gateway's URL as its users see it. */
  readonly publicUrl: () => string;
  readonly log: Log;
}): Promise<OpenApprovals> {
  const { db, encryptionKey, limits, publicUrl, log } = deps;
  const waits = await openWaits(
    {
      listen: (onNews, onConnected) => listenForApprovals(db, onNews, onConnected),
      listSettled: (ids) => listSettled(db, ids),
    },
    { held: limits.held_requests, bytes: limits.held_bytes },
    log,
  );
  const toUrl = (id: string): string => `${publicUrl()}/approvals/${id}`;
  const approvals = createApprovals({
    store: {
      ask: (question) => askApproval(db, question),
      use: (ids, exchangeId) => useApprovals(db, ids, exchangeId),
    },
    waits,
    box: openContentBox(encryptionKey),
    key: derive(encryptionKey, "approvals"),
    toUrl,
  });
  return {
    ...approvals,
    end: (error, isOf) => waits.end(error, isOf),
    close: () => waits.close(),
    routes: (routing) =>
      createApprovalRoutes({
        ...routing,
        find: (id) => findApproval(db, id),
        wait: (ids, options) => waits.wait(ids, options),
        toUrl,
      }),
  };
}

/** Opens the box that what reviewers are shown is sealed in. */
export function openContentBox(encryptionKey: Buffer): Box {
  return openBox(derive(encryptionKey, "approval contents"));
}
