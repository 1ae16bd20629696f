// Lists everything that the simulated API answers, with one store behind what belongs together.
import { chatRoutes } from "../chat-routes.ts";
import type { ApiDeps, RouteEntry } from "../call.ts";
import { makeId } from "../ids.ts";
import { serveRealtimeSocket } from "../realtime-socket.ts";
import { createResponses } from "../responses-routes.ts";
import { serveResponsesSocket } from "../responses-socket.ts";
import type { SocketRoute } from "../sockets.ts";
import { agentSessionRoutes } from "./agent-sessions.ts";
import { audioRoutes } from "./audio.ts";
import { batchRoutes } from "./batches.ts";
import { completionRoutes } from "./completions.ts";
import { containerRoutes } from "./containers.ts";
import { createConversations } from "./conversations.ts";
import { embeddingRoutes } from "./embeddings.ts";
import { evalRoutes } from "./evals.ts";
import { createFiles } from "./files.ts";
import { fineTuningRoutes } from "./fine-tuning.ts";
import { imageRoutes } from "./images.ts";
import { createCollections } from "./kinds.ts";
import { createModels } from "./models.ts";
import { moderationRoutes } from "./moderations.ts";
import { organizationRoutes } from "./organization.ts";
import { PLAIN_KINDS } from "./plain-kinds.ts";
import { realtimeRoutes } from "./realtime.ts";
import { singleAnswerRoutes } from "./single-answers.ts";
import { skillRoutes } from "./skills.ts";
import { threadRoutes } from "./threads.ts";
import { uploadRoutes } from "./uploads.ts";
import { vectorStoreBatchRoutes } from "./vector-store-batches.ts";
import { createVectorStores } from "./vector-stores.ts";
import { videoRoutes } from "./videos.ts";
import { webhookRoutes } from "./webhooks.ts";

/** All that is answered. */
export type Api = {
  readonly entries: readonly RouteEntry[];
  /** By path, with `/v1`. */
  readonly sockets: ReadonlyMap<string, SocketRoute>;
};

/** Creates the API with empty stores. */
export function createApi(deps: ApiDeps): Api {
  const conversations = createConversations(deps);
  const responses = createResponses({ ...deps, conversations });
  const files = createFiles(deps);
  const models = createModels();
  const vectors = createVectorStores(deps, files);
  const plain = createCollections(PLAIN_KINDS, deps);
  const assistants = plain.get("/assistants");
  const entries = [
    ...responses.routes,
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
    ...containerRoutes(deps, files),
    ...skillRoutes(deps),
    ...imageRoutes(deps),
    ...audioRoutes(),
    ...videoRoutes(deps),
    ...fineTuningRoutes(deps, files, models),
    ...evalRoutes(deps),
    ...[...plain.values()].flatMap((collection) => collection.routes),
    ...(assistants === undefined ? [] : threadRoutes(deps, assistants)),
    ...agentSessionRoutes(deps, plain.get("/agents")),
    ...realtimeRoutes(deps),
    ...webhookRoutes(deps),
    ...singleAnswerRoutes(deps),
    ...organizationRoutes(deps),
  ];
  const newSteerId = (): string => makeId("steer_", deps.nextNonce());
  const sockets = new Map<string, SocketRoute>([
    ["/v1/responses", (socket) => serveResponsesSocket(socket, responses.stream, newSteerId)],
    [
      "/v1/realtime",
      (socket, url) =>
        serveRealtimeSocket(socket, url.searchParams.get("model") ?? "gpt-realtime", deps.nextNonce),
    ],
  ]);
  return { entries, sockets };
}
