// Puts what a recogniser said among what the gateway's own detectors find.
import type { TextScanner } from "./answer/context.ts";
import type { RequestScanner } from "./findings.ts";
import { joinStreams } from "./mask/field-scan.ts";
import type { Recognition } from "./recognise/recognition.ts";

/** Gives a scanner that finds what was recognised too; the same one where there is no recogniser. */
export function withRecognised(
  scanner: RequestScanner & TextScanner,
  recognition: Recognition,
): RequestScanner & TextScanner {
  if (recognition.classes.size === 0) return scanner;
  return {
    digest: `${scanner.digest} ${recognition.digest}`,
    scan(text, kind, direction, isPart = false) {
      const values = scanner.scan(text, kind, direction, isPart);
      if (isPart) return values;
      const stream = recognition.stream();
      const found = [...stream.push(text), ...stream.end()];
      return found.length === 0 ? values : [...values, ...found].sort((a, b) => a.start - b.start);
    },
    stream(kind, direction, isPart = false) {
      const values = scanner.stream(kind, direction, isPart);
      return isPart ? values : joinStreams(values, recognition.stream());
    },
  };
}
