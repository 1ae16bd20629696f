// Keeps bytes until they are decided: a little in memory, more in an encrypted file without a name.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { mkdir, open, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { GatewayError } from "../errors.ts";

export type SpoolLimits = {
  /** Bytes of one spool that stay in memory. */
  readonly memoryBytes: number;
  /** Bytes of one spool. */
  readonly bytes: number;
  /** Bytes of all spools' files together. */
  readonly totalBytes: number;
};

/** Bytes that came in order and may be read again from any place. */
export type Spool = {
  readonly size: number;
  /**
   * Takes bytes, which must not change afterwards; the next call waits for this one. Throws `body_too_large` over the
   * limit of a spool, `spool_full` over that of all or where the disk takes no more.
   */
  write(bytes: Buffer): Promise<void>;
  /** Gives the bytes from one place up to another, piece by piece. */
  read(from: number, to: number): AsyncGenerator<Buffer, void, undefined>;
  /** Lets go of memory and file. Reading afterwards throws. */
  close(): Promise<void>;
};

export type Spools = {
  open(): Spool;
  /** Bytes that lie in files. */
  readonly used: number;
};

/** Each block has a tag of its own, so that a spool can be read from any place and no byte of it be changed on the disk. */
const BLOCK = 64 * 1024;
const TAG = 16;
const NONCE = 12;

/** Opens the spools of this process; their files lie in `folder` and lose their names at once. */
export function createSpools(folder: string, limits: SpoolLimits): Spools {
  let used = 0;
  return {
    get used() {
      return used;
    },
    open: () =>
      createSpool(limits, {
        async openFile() {
          await mkdir(folder, { recursive: true, mode: 0o700 });
          const path = join(folder, randomBytes(12).toString("hex"));
          const file = await open(path, "wx+", 0o600);
          await unlink(path);
          return file;
        },
        take(bytes) {
          if (used + bytes > limits.totalBytes)
            throw new GatewayError("spool_full", "There is no room for another large body; try again.");
          used += bytes;
        },
        release(bytes) {
          used -= bytes;
        },
      }),
  };
}

type Disk = {
  openFile(): Promise<FileHandle>;
  take(bytes: number): void;
  release(bytes: number): void;
};

function createSpool(limits: SpoolLimits, disk: Disk): Spool {
  // One key a spool: a block's number is a nonce that never comes twice under it.
  const key = randomBytes(32);
  /** Whole blocks in memory, by number; those in the file are null. */
  const blocks: (Buffer | null)[] = [];
  /** The last block, as far as it is filled. */
  let tail = Buffer.alloc(0);
  let tailSize = 0;
  let size = 0;
  let file: FileHandle | null = null;
  let taken = 0;
  /** How many blocks lie in the file. */
  let flushed = 0;
  let isClosed = false;

  function requireOpen(): void {
    if (isClosed) throw new GatewayError("request_timeout", "The request ended before its body was read.");
  }

  /** Makes room for so many more bytes: twice as much each time, at most a block. */
  function grow(more: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.min(BLOCK, Math.max(1024, 2 * (tailSize + more))));
    tail.copy(larger, 0, 0, tailSize);
    tail = larger;
  }

  async function flush(): Promise<void> {
    for (; flushed < blocks.length; flushed++) {
      const number = flushed;
      const block = blocks[number] ?? null;
      if (block === null) throw new RangeError("There is no such block.");
      disk.take(BLOCK + TAG);
      taken += BLOCK + TAG;
      try {
        file ??= await disk.openFile();
        if (isClosed) await file.close();
        requireOpen();
        const cipher = createCipheriv("aes-256-gcm", key, toNonce(number));
        const sealed = cipher.update(block);
        cipher.final();
        await writeAll(file, sealed, number * (BLOCK + TAG));
        await writeAll(file, cipher.getAuthTag(), number * (BLOCK + TAG) + BLOCK);
      } catch (cause) {
        if (isClosed) requireOpen();
        throw new GatewayError("spool_full", "The body could not be kept on the disk; try again.", { cause });
      }
      requireOpen();
      blocks[number] = null;
    }
  }

  async function readBlock(number: number): Promise<Buffer> {
    requireOpen();
    if (number === blocks.length) return tail.subarray(0, tailSize);
    const block = blocks[number];
    if (block !== null && block !== undefined) return block;
    if (file === null) throw new RangeError("There is no such block.");
    const sealed = Buffer.allocUnsafe(BLOCK + TAG);
    const { bytesRead } = await file.read(sealed, 0, sealed.length, number * (BLOCK + TAG));
    if (bytesRead !== sealed.length) throw new RangeError("A block is cut.");
    return unseal(key, number, sealed);
  }

  return {
    get size() {
      return size;
    },
    async write(bytes) {
      requireOpen();
      if (size + bytes.length > limits.bytes)
        throw new GatewayError(
          "body_too_large",
          `The request's body is over the limit of ${limits.bytes} bytes.`,
        );
      size += bytes.length;
      for (let at = 0; at < bytes.length;) {
        if (tail.length - tailSize < Math.min(bytes.length - at, BLOCK - tailSize)) grow(bytes.length - at);
        // A copy: a small piece would keep the whole buffer that it came in.
        const copied = bytes.copy(tail, tailSize, at, at + BLOCK - tailSize);
        at += copied;
        tailSize += copied;
        if (tailSize === BLOCK) {
          blocks.push(tail);
          tail = Buffer.alloc(0);
          tailSize = 0;
        }
      }
      if (size > limits.memoryBytes) await flush();
    },
    async *read(from, to) {
      for (let at = from; at < to;) {
        const number = Math.floor(at / BLOCK);
        const block = await readBlock(number);
        const piece = block.subarray(at - number * BLOCK, Math.min(block.length, to - number * BLOCK));
        if (piece.length === 0) throw new RangeError("The spool ends before.");
        at += piece.length;
        yield piece;
      }
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      blocks.length = 0;
      tail = Buffer.alloc(0);
      disk.release(taken);
      await file?.close();
    },
  };
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

function toNonce(number: number): Buffer {
  const nonce = Buffer.alloc(NONCE);
  nonce.writeUIntBE(number, NONCE - 6, 6);
  return nonce;
}

function unseal(key: Buffer, number: number, sealed: Buffer): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, toNonce(number), { authTagLength: TAG });
  decipher.setAuthTag(sealed.subarray(BLOCK));
  const block = decipher.update(sealed.subarray(0, BLOCK));
  // It throws where a byte was changed.
  decipher.final();
  return block;
}
