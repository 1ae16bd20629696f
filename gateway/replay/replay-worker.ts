// Started as a process of its own by run-replay.ts.
import { serveReplay } from "./child.ts";

serveReplay();
