// Asks the test run's own process for what all test files share.
import { createConnection } from "node:net";
import { text } from "node:stream/consumers";
import { inject } from "vitest";

/** Asks for one of them; the first to ask waits until it has started. */
export async function askDoor(question: "postgres" | "gateway"): Promise<string> {
  const socket = createConnection(inject("testDoor"));
  socket.end(question);
  const answer = await text(socket);
  if (answer.startsWith("error: ") || answer === "") throw new Error(answer);
  return answer;
}
