// Measures large bodies: a file of 100 MB up as a form, and down again, as a text and as bytes that are none.
import { Readable } from "node:stream";
import { Pool } from "undici";
import { createNoise } from "../test/fixtures/noise.ts";
import type { Aim } from "./load.ts";
import { createCpuReader, readMemory } from "./process-usage.ts";
import { median } from "./statistics.ts";
import type { BenchTarget } from "./targets.ts";

const MIB = 1024 * 1024;
const PIECE = Buffer.alloc(MIB, "Summarise the notes of the meeting, and list who promised what. ");
const NOISE = createNoise(MIB);
/** The length of the upstream's files, in MiB. */
export const FILE_PIECES = 100;
/** What the upstream answers with under these ids. */
export const TEXT_FILE = "file-text";
export const NOISE_FILE = "file-noise";

/** The name of the file of noise; an id that stood in the request would not become the caller's. */
export const NOISE_NAME = "noise.bin";

type Transfer = { readonly name: string; readonly run: (aim: Aim, pool: Pool) => Promise<void> };

/** What transfers showed on a target: seconds and CPU of the median round, memory in MiB. */
export type TransferRow = {
  readonly name: string;
  readonly target: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly before: number;
  readonly most: number;
};

/** Gives the bytes of a file that the upstream sends. */
export function toFilePiece(path: string): Buffer | null {
  if (path.endsWith(`/${TEXT_FILE}/content`)) return PIECE;
  return path.endsWith(`/${NOISE_FILE}/content`) ? NOISE : null;
}

/** Measures each transfer on each target, `rounds` times. */
export async function measureTransfers(
  targets: readonly BenchTarget[],
  rounds: number,
): Promise<readonly TransferRow[]> {
  const size = FILE_PIECES;
  const transfers: readonly Transfer[] = [
    { name: `upload, ${size} MiB of text`, run: (aim, pool) => upload(aim, pool, PIECE, size, TEXT_FILE) },
    { name: `upload, ${size} MiB of noise`, run: (aim, pool) => upload(aim, pool, NOISE, size, NOISE_FILE) },
    { name: `download, ${size} MiB of text`, run: (aim, pool) => download(aim, pool, TEXT_FILE, size) },
    { name: `download, ${size} MiB of noise`, run: (aim, pool) => download(aim, pool, NOISE_FILE, size) },
  ];
  const readCpu = createCpuReader();
  const rows: TransferRow[] = [];
  for (const { name, run } of transfers) {
    for (const target of targets) {
      const pool = new Pool(target.origin, { connections: 1, headersTimeout: 0, bodyTimeout: 0 });
      const seconds: number[] = [];
      const cpu: number[] = [];
      const before = readMemory(target.pid).resident;
      let most = before;
      const watch = setInterval(() => {
        most = Math.max(most, readMemory(target.pid).resident);
      }, 20);
      try {
        for (let round = 0; round < rounds; round += 1) {
          const began = performance.now();
          const used = readCpu(target.pid);
          await run(target, pool);
          seconds.push((performance.now() - began) / 1000);
          cpu.push((readCpu(target.pid) - used) / 1_000_000);
        }
      } finally {
        clearInterval(watch);
        await pool.destroy();
      }
      rows.push({
        name,
        target: target.name,
        seconds: median(seconds),
        cpuSeconds: median(cpu),
        before,
        most,
      });
    }
  }
  return rows;
}

/** Writes what was measured as lines of Markdown. */
export function writeTransfers(rows: readonly TransferRow[]): readonly string[] {
  return [
    "One transfer at a time; the median of the rounds. Memory in MiB before the transfers, and the most during them.",
    "",
    "| transfer | process | seconds | CPU seconds | memory before | most |",
    "|---|---|---|---|---|---|",
    ...rows.map(
      ({ name, target, seconds, cpuSeconds, before, most }) =>
        `| ${name} | ${target} | ${seconds.toFixed(2)} | ${cpuSeconds.toFixed(2)} | ${before.toFixed(0)} | ${most.toFixed(0)} |`,
    ),
  ];
}

async function upload(aim: Aim, pool: Pool, piece: Buffer, size: number, id: string): Promise<void> {
  const head = Buffer.from(
    '--bench\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n' +
      `--bench\r\nContent-Disposition: form-data; name="file"; filename="${id === NOISE_FILE ? NOISE_NAME : "text"}"\r\n` +
      "Content-Type: application/octet-stream\r\n\r\n",
  );
  const end = Buffer.from("\r\n--bench--\r\n");
  const { statusCode, body } = await pool.request({
    path: "/v1/files",
    method: "POST",
    headers: {
      authorization: `Bearer ${aim.token}`,
      "content-type": "multipart/form-data; boundary=bench",
      "content-length": String(head.length + size * MIB + end.length),
    },
    body: Readable.from([head, ...Array.from({ length: size }, () => piece), end]),
  });
  await body.dump();
  if (statusCode !== 200) throw new Error(`${aim.origin} answered with status ${statusCode}.`);
}

async function download(aim: Aim, pool: Pool, id: string, size: number): Promise<void> {
  const { statusCode, body } = await pool.request({
    path: `/v1/files/${id}/content`,
    method: "GET",
    headers: { authorization: `Bearer ${aim.token}` },
  });
  let received = 0;
  for await (const chunk of body) received += Buffer.isBuffer(chunk) ? chunk.length : 0;
  if (statusCode !== 200 || received !== size * MIB)
    throw new Error(`${aim.origin} answered with status ${statusCode} and ${received} bytes.`);
}
