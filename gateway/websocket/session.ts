// What every kind of socket session works with, and what it can be told.
import type { Decider } from "../decide.ts";
import type { OpenConnection } from "../connections/registry.ts";
import type { GatewayError } from "../errors.ts";
import type { Events } from "../events.ts";
import type { Caller, Route } from "../exchange.ts";
import type { OpenContext } from "../answer/create-context.ts";
import type { IncomingMessage } from "node:http";
import type { RequestParser } from "../parse/request.ts";
import type { SharedSource } from "./shared-source.ts";
import type { Socket } from "./socket.ts";

export type SessionDeps = {
  readonly decider: Decider;
  readonly parser: RequestParser;
  readonly events: Events;
};

/** A socket that has been opened on both sides. */
export type SessionParts = {
  readonly id: string;
  readonly incoming: IncomingMessage;
  readonly route: Route;
  readonly open: OpenConnection;
  readonly sessionHeader: string | null;
  /** The `OpenAI-Beta` header of the upgrade, which counts for every message. */
  readonly betaHeader: string | undefined;
  /** Who calls, asked anew with each message: a token may have expired or been revoked since. */
  readonly authenticate: () => Caller | Promise<Caller>;
  /** The answer to the upgrade: what is said outside of any exchange. */
  readonly context: OpenContext;
  readonly client: Socket;
  readonly target: Socket;
  /** The target's socket as what answers read from. */
  readonly source: SharedSource;
  /** Ends the session: what is under way is told why, then both sockets close. */
  readonly close: (error: GatewayError) => void;
  /** Told when nothing is under way any more. */
  readonly idle: () => void;
};

/** Reads what comes over one socket, from both sides. */
export type SocketSession = {
  /** Takes a message of the program's. Rejects with what the socket is closed with. */
  fromClient(data: Buffer, isBinary: boolean): Promise<void>;
  /** Takes a message of the target's; the next one comes when it is done. Throws what the socket is closed with. */
  fromTarget(data: Buffer, isBinary: boolean): void | Promise<void>;
  /** Ends what is under way with an error that its caller is told. */
  fail(error: GatewayError): void;
  /** The caller left: what is under way ends as it is. */
  leave(): void;
  /** Whether an answer is under way. */
  readonly isBusy: boolean;
  /** Takes no new work from now on. */
  drain(error: GatewayError): void;
};
