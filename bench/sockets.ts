// Measures what stays open: turns over WebSockets, and the memory of streams and sockets on which nothing happens.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { WebSocket } from "ws";
import { createCpuReader, readMemory } from "./process-usage.ts";
import { median, percentile } from "./statistics.ts";
import type { BenchTarget } from "./targets.ts";

/** One row: what was done, and what it showed. */
export type SocketRow = { readonly what: string; readonly cpu: number | null; readonly told: string };

/** Marks a request whose answer begins and then says nothing more. */
export const IDLE_MARK = '"idle":"yes"';

const SOCKETS = 8;
const IDLE = 500;

/** Measures the gateway; `turns` are those of each round. */
export async function measureSockets(target: BenchTarget, turns: number): Promise<readonly SocketRow[]> {
  return [
    await measureTurns(target, turns),
    await measureIdleStreams(target),
    await measureIdleSockets(target),
  ];
}

/** Writes the rows as a table. */
export function writeSockets(rows: readonly SocketRow[]): readonly string[] {
  if (rows.length === 0) return ["Not measured."];
  return [
    "A turn is a message of 1 KB that is answered by 200 events; the bare proxy speaks no WebSocket, so `stream` above is what to compare it with.",
    "",
    "| what | CPU (µs) | |",
    "|---|---|---|",
    ...rows.map(({ what, cpu, told }) => `| ${what} | ${cpu === null ? "–" : cpu.toFixed(0)} | ${told} |`),
  ];
}

/** Opens a socket for turns. */
export async function openSocket({
  origin,
  token,
}: Pick<BenchTarget, "origin" | "token">): Promise<WebSocket> {
  const socket = new WebSocket(`${origin.replace(/^http/, "ws")}/v1/responses`, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  });
  await once(socket, "open");
  return socket;
}

async function measureTurns(target: BenchTarget, turns: number): Promise<SocketRow> {
  const readCpu = createCpuReader();
  const sockets = await Promise.all(Array.from({ length: SOCKETS }, () => openSocket(target)));
  const totals: number[] = [];
  const rounds: number[] = [];
  let number = 0;
  for (let round = 0; round < 4; round += 1) {
    const before = readCpu(target.pid);
    await Promise.all(
      sockets.map(async (socket) => {
        for (let turn = 0; turn < turns; turn += 1) {
          number += 1;
          totals.push(await takeTurn(socket, number));
        }
      }),
    );
    // The first round warms up.
    if (round > 0) rounds.push((readCpu(target.pid) - before) / (turns * SOCKETS));
    else totals.length = 0;
  }
  for (const socket of sockets) socket.terminate();
  const told = `p50 ${percentile(totals, 0.5).toFixed(1)} ms, p99 ${percentile(totals, 0.99).toFixed(1)} ms with ${SOCKETS} sockets at once`;
  return { what: "a turn over a WebSocket", cpu: median(rounds), told };
}

async function takeTurn(socket: WebSocket, number: number): Promise<number> {
  const content = `${number} ${"Summarise the notes of the meeting. ".repeat(25)}`.slice(0, 900);
  const began = performance.now();
  const ended = new Promise<void>((resolve, reject) => {
    const onMessage = (data: Buffer): void => {
      if (data.includes('"type":"error"')) reject(new Error(data.toString("utf8")));
      if (!data.includes('"type":"response.completed"')) return;
      socket.off("message", onMessage);
      resolve();
    };
    socket.on("message", onMessage);
  });
  socket.send(
    JSON.stringify({ type: "response.create", model: "gpt-4.1", input: [{ role: "user", content }] }),
  );
  await ended;
  return performance.now() - began;
}

async function measureIdleStreams(target: BenchTarget): Promise<SocketRow> {
  const pool = new Pool(target.origin, { connections: IDLE, headersTimeout: 0, bodyTimeout: 0 });
  const headers = { "content-type": "application/json", authorization: `Bearer ${target.token}` };
  const body = `{"stream":true,"metadata":{${IDLE_MARK}},"model":"gpt-4.1","input":"wait"}`;
  const before = await readSettled(target);
  const begun = Array.from({ length: IDLE }, async () => {
    const answer = await pool.request({ path: "/v1/responses", method: "POST", headers, body });
    if (answer.statusCode !== 200) throw new Error(`The stream began with status ${answer.statusCode}.`);
    answer.body.on("error", () => undefined);
    await once(answer.body, "data");
  });
  await Promise.all(begun);
  const after = await readSettled(target);
  await pool.destroy();
  return toIdleRow(`${IDLE} idle streams`, "stream", before, after);
}

async function measureIdleSockets(target: BenchTarget): Promise<SocketRow> {
  const before = await readSettled(target);
  const sockets = await Promise.all(Array.from({ length: IDLE }, () => openSocket(target)));
  const after = await readSettled(target);
  for (const socket of sockets) socket.terminate();
  return toIdleRow(`${IDLE} idle WebSockets`, "socket", before, after);
}

async function readSettled(target: BenchTarget): Promise<number> {
  await sleep(3_000);
  return readMemory(target.pid).resident;
}

function toIdleRow(what: string, one: string, before: number, after: number): SocketRow {
  const each = Math.max(0, ((after - before) * 1024) / IDLE);
  return {
    what,
    cpu: null,
    told: `${each.toFixed(0)} KiB a ${one} (${before.toFixed(0)} to ${after.toFixed(0)} MiB resident)`,
  };
}
