// The certificates of clients (mutual TLS): who is let in by them, and which one a connection showed.
import { hash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Server } from "node:https";
import { TLSSocket } from "node:tls";
import type { TlsConfig } from "./config/tls.ts";
import type { Log } from "./log.ts";

/** Refusals are told in the log this often at most: anybody can try. */
const TELL_MS = 1_000;

/** Gives what a listener asks of its clients. */
export function toClientOptions({ client_ca, client_certificates }: TlsConfig) {
  return { requestCert: client_ca !== null, rejectUnauthorized: client_certificates === "require" };
}

/** Closes connections with a certificate that can't be verified, though none were needed, and tells of all that fail. */
export function refuseUnverified(server: Server, log: Log): void {
  let toldAt = Number.NEGATIVE_INFINITY;
  let untold = 0;

  function tell(reason: string, socket: TLSSocket): void {
    if (performance.now() - toldAt < TELL_MS) {
      untold += 1;
      return;
    }
    toldAt = performance.now();
    const { remoteAddress } = socket;
    log.warn({ reason, peer: remoteAddress, untold }, "A connection was refused at its TLS handshake.");
    untold = 0;
  }

  server.on("tlsClientError", (error, socket) => {
    tell(toReason(socket) ?? ("code" in error ? String(error.code) : "unknown"), socket);
  });
  server.prependListener("secureConnection", (socket) => {
    if (socket.authorized || socket.getPeerX509Certificate() === undefined) return;
    tell(toReason(socket) ?? "unknown", socket);
    socket.destroy();
  });
}

/** Gives why a certificate can't be verified; null where it was not looked at. */
function toReason({ authorizationError }: TLSSocket): string | null {
  const reason: unknown = authorizationError;
  // The code of the error, whatever its type says.
  return typeof reason === "string" ? reason : reason instanceof Error ? reason.name : null;
}

const thumbprints = new WeakMap<object, string>();

/** Gives the SHA-256 thumbprint, in base64url, of the verified certificate that a request's connection showed; else null. */
export function readCertificate({ socket }: Pick<IncomingMessage, "socket">): string | null {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return null;
  const known = thumbprints.get(socket);
  if (known !== undefined) return known;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  const thumbprint = hash("sha256", certificate.raw, "base64url");
  thumbprints.set(socket, thumbprint);
  return thumbprint;
}
