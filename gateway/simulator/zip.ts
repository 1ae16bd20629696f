// Writes a zip archive whose files are stored as they are.
import { crc32 } from "node:zlib";

/** Writes an archive. */
export function toZip(files: readonly { readonly name: string; readonly bytes: Buffer }[]): Buffer {
  const bodies: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes } of files) {
    const path = Buffer.from(name);
    const about = Buffer.alloc(26);
    about.writeUInt16LE(20, 0);
    about.writeUInt16LE(0x0800, 2);
    // The earliest date that the format knows.
    about.writeUInt16LE(0x21, 8);
    about.writeUInt32LE(crc32(bytes), 10);
    about.writeUInt32LE(bytes.length, 14);
    about.writeUInt32LE(bytes.length, 18);
    about.writeUInt16LE(path.length, 22);
    bodies.push(Buffer.from("PK\u0003\u0004", "latin1"), about, path, bytes);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    entries.push(Buffer.from("PK\u0001\u0002\u0014\u0000", "latin1"), about, rest, path);
    offset += 30 + path.length + bytes.length;
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(
    entries.reduce((sum, part) => sum + part.length, 0),
    8,
  );
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...bodies, ...entries, Buffer.from("PK\u0005\u0006", "latin1"), end]);
}
