// Lets a process of the benchmark tell its port to the one that started it.
import type { Server } from "node:http";

/** Listens on a free loopback port and prints it; ends with the process' input. */
export function announce(server: Server): void {
  server.keepAliveTimeout = 75_000;
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (typeof address === "object" && address !== null) process.stdout.write(`${address.port}\n`);
  });
  process.stdin.resume();
  process.stdin.once("end", () => process.exit(0));
}
