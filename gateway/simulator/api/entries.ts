// Lists everything that the simulated API answers, with one store behind what belongs together.
import { chatRoutes } from "../chat-routes.ts";
import type { ApiDeps, RouteEntry } from "../call.ts";
import { responsesRoutes } from "../responses-routes.ts";
import { batchRoutes } from "./batches.ts";
import { completionRoutes } from "./completions.ts";
import { createConversations } from "./conversations.ts";
import { embeddingRoutes } from "./embeddings.ts";
import { createFiles } from "./files.ts";
import { createModels } from "./models.ts";
import { moderationRoutes } from "./moderations.ts";
import { uploadRoutes } from "./uploads.ts";
import { vectorStoreBatchRoutes } from "./vector-store-batches.ts";
import { createVectorStores } from "./vector-stores.ts";

/** Gives the entries with empty stores. */
export function listEntries(deps: ApiDeps): readonly RouteEntry[] {
  const conversations = createConversations(deps);
  const files = createFiles(deps);
  const models = createModels();
  const vectors = createVectorStores(deps, files);
  return [
    ...responsesRoutes({ ...deps, conversations }),
    ...chatRoutes(deps),
    ...conversations.routes,
    ...models.routes,
    ...embeddingRoutes(),
    ...moderationRoutes(deps),
    ...completionRoutes(deps),
    ...files.routes,
    ...uploadRoutes(deps, files),
    ...vectors.routes,
    ...vectorStoreBatchRoutes(deps, vectors),
    ...batchRoutes(deps, files),
  ];
}
