// Tells which answers are files that pass as they come, and what their heads say.
import type { RouteSpec } from "../exchange.ts";
import { isCalledText } from "../form/probe.ts";
import type { FileHead } from "./bytes.ts";

/** A call's address, as the API gives it: its last part is the call's id. */
const CALL = /\/realtime\/calls\/([A-Za-z0-9_-]{1,256})$/;
const TEXT = /^(?:text\/(?:plain|vtt)|application\/(?:x-)?subrip)$/;

/** Tells whether an answer of an operation is a file; where a stream was asked for it is none. */
export function isFileAnswer(spec: RouteSpec, status: number, type: string, wantsStream: boolean): boolean {
  const isSuccess = status >= 200 && status < 300 && status !== 204;
  const isFile = {
    any: () => true,
    bytes: () => isSuccess && !wantsStream,
    sdp: () => isSuccess && type === "application/sdp",
    text: () => isSuccess && !wantsStream && TEXT.test(type),
    json: () => false,
    events: () => false,
  };
  return isFile[spec.answer]();
}

/** Gives what the reader of a file must know; `kept` are the headers that pass. */
export function toFileHead(
  spec: RouteSpec,
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  kept: Readonly<Record<string, string>>,
): FileHead {
  const location = headers["location"];
  const call = spec.answer === "sdp" && typeof location === "string" ? CALL.exec(location)?.[1] : undefined;
  return {
    status,
    // The host in an address of the target's is none that the program may reach.
    headers: call === undefined ? kept : { ...kept, location: `/v1/realtime/calls/${call}` },
    ...toFileKind(headers),
    isUnread: spec.answer === "any",
    objects: call === undefined ? [] : [{ kind: "realtime_call", id: call }],
  };
}

/** Tells whether a file is called text, by its media type or by its name. */
export function toFileKind(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Pick<FileHead, "isCalledText"> {
  const [type, disposition] = [headers["content-type"], headers["content-disposition"]];
  const name = typeof disposition === "string" ? /filename="?([^";]*)/i.exec(disposition)?.[1] : undefined;
  return { isCalledText: isCalledText(typeof type === "string" ? type : null, name ?? null) };
}
