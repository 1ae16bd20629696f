// What was sent is the beginning of the masked whole, even where something is found too late.
import { expect, test } from "vitest";
import { createMaskAccount } from "../mask/account.ts";
import { createEditor } from "../mask/edits.ts";
import { createMasks } from "../mask/masks.ts";
import { createGate } from "./gate.ts";
import { createTextScan, type TextScan } from "./text-scan.ts";

const EMAIL = { id: "email", class: "email", start: 0, end: 17 };
const TEXT = "ada.l@example.com";

/** Opens a scan that finds the address, or what stands for one, only when something came behind it. */
function open(isMasked: boolean): { scan: TextScan; push: (text: string) => unknown } {
  const masks = createMasks(createMaskAccount(() => ({ push: () => undefined, end: () => "" })));
  masks.add([{ code: "m", class: "email" }]);
  const editor = createEditor(masks, "answer", Buffer.alloc(32), () => undefined);
  let pieces = 0;
  const isLate = (): boolean => ++pieces === 2;
  const scanner = {
    scan: () => [],
    stream: () => ({ push: () => (isMasked && isLate() ? [EMAIL] : []), end: () => [], pending: 0 }),
  };
  const restorer = {
    isActive: true,
    stream: () => ({ push: () => (!isMasked && isLate() ? [{ ...EMAIL, text: "late" }] : []), pending: 0 }),
    edits: () => [],
  };
  const gate = createGate(() => undefined);
  const scan = createTextScan(scanner, gate, { masks, editor, restorer }, () => undefined);
  return { scan, push: (text) => scan.push("a", "message", text, gate.push(Buffer.from(text)), "/delta") };
}

test("a value that had begun to go out before it was known ends the answer", () => {
  const { push } = open(true);
  push(TEXT);
  expect(() => push(" more")).toThrow("had begun before it was known");
});

test("nothing is put back behind what went out", () => {
  const { scan, push } = open(false);
  push(TEXT);
  push(" more");
  expect(scan.edits("a")).toEqual([]);
});
