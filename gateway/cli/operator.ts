// Who acts when the command line works on the database itself.
import { hostname, userInfo } from "node:os";

/** Names the person at the terminal: `operator:<user>@<host>`. */
export function toOperator(): string {
  return `operator:${userInfo().username}@${hostname()}`;
}
