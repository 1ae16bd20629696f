// Writes a file that others may be looking at.
import { lstatSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { CommandError } from "./context.ts";

/** Puts a file in the place of the one there, or of a link there: nobody sees half of it, and nothing elsewhere is written over. */
export function writeWhole(path: string, bytes: Buffer | string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const there = lstatSync(path, { throwIfNoEntry: false });
    // A device stays what it is.
    if (there !== undefined && !there.isFile() && !there.isSymbolicLink()) return writeFileSync(path, bytes);
    writeFileSync(temporary, bytes, { flag: "wx" });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    const code = error instanceof Error && "code" in error ? String(error.code) : "unwritable";
    throw new CommandError(`The file ${path} can't be written (${code}).`);
  }
}
