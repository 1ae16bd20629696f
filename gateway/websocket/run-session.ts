// Lets messages through a socket that is open on both sides, one after the other, until one side or an error closes it.
import type { End } from "../answer/context.ts";
import { GatewayError, toGatewayError } from "../errors.ts";
import { holdsSecret, toRepeated } from "../forward/guard-credential.ts";
import { toCloseCode } from "./close-code.ts";
import { createMessageRate } from "./message-rate.ts";
import type { SessionParts, SocketSession } from "./session.ts";
import { createSharedSource } from "./shared-source.ts";
import { watchSilence } from "./silence.ts";
import { toPassedCode } from "./socket.ts";

export type RunLimits = {
  readonly socket_idle_ms: number;
  readonly socket_messages_per_second: number;
};

/** A socket under way. */
export type Running = {
  readonly session: SocketSession;
  /** Ends what is under way with an error, then closes the socket. */
  close(error: GatewayError): void;
  /** Closes the socket as soon as nothing is under way; the error says why. */
  drain(error?: GatewayError): void;
};

/** Messages that may wait to be decided, and their bytes, before the program is not read any further. */
const MOST_WAITING = 64;
const MOST_WAITING_BYTES = 1024 * 1024;
/** So long an error that ends the socket may take to be told. */
const TELL_MS = 500;

/** Runs a session. `onClosed` is called once, when both sides are closed. */
export function runSession(
  parts: Omit<SessionParts, "close" | "idle" | "source">,
  open: (parts: SessionParts) => SocketSession,
  limits: RunLimits,
  onClosed: () => void,
): Running {
  const { client, target, context } = parts;
  const secrets = parts.open.secrets();
  let closing = false;
  let draining: GatewayError | null = null;
  let openSides = 2;
  let waiting = 0;
  let waitingBytes = 0;
  let queue: Promise<void> = Promise.resolve();
  let whenIdle: () => void = () => undefined;
  const source = createSharedSource(target);
  const awaiting = source.part("awaiting");
  const session = open({ ...parts, source, close, idle });

  const isWithinRate = createMessageRate(limits.socket_messages_per_second);
  const { first_byte_ms, idle_ms } = parts.open.timeouts;
  const silence = watchSilence(
    { isBusy: () => session.isBusy, isHeld: () => source.isHeld },
    { idleMs: limits.socket_idle_ms, answerMs: Math.max(first_byte_ms, idle_ms) },
    close,
  );

  function idle(): void {
    whenIdle();
    if (draining !== null) close(draining);
  }

  function end(end: Pick<End, "outcome" | "errorCode">): void {
    context
      .close({ ...end, httpStatus: 101, model: null, usage: null, responseId: null })
      .catch((error: unknown) => context.report(toGatewayError(error)));
  }

  /** Closes both sides once what was said has gone out. */
  function shut(code: number, reason: string): void {
    closing = true;
    const finish = (): void => {
      whenIdle = () => undefined;
      clearTimeout(late);
      client.close(code, reason);
      target.close(1000, "");
    };
    const late = setTimeout(finish, TELL_MS);
    whenIdle = finish;
    if (!session.isBusy) finish();
  }

  function close(error: GatewayError): void {
    if (closing) return;
    closing = true;
    session.fail(error);
    end({ outcome: error.status < 500 ? "refused" : "failed", errorCode: error.recordedCode });
    shut(toCloseCode(error), error.publicCode);
  }

  function closed(): void {
    openSides -= 1;
    if (openSides > 0) return;
    silence.stop();
    onClosed();
  }

  /** Counts what the program sent; says whether it is taken. */
  function count(): boolean {
    if (closing) return false;
    if (isWithinRate()) return true;
    close(new GatewayError("socket_flooded", "More messages a second came than the limit allows."));
    return false;
  }

  /** What a message of the program's leads to goes to either side: it waits until both keep up. */
  async function takeSent(data: Buffer, isBinary: boolean): Promise<void> {
    for (;;) {
      const behind = target.untilReady() ?? client.untilReady();
      if (behind === null) break;
      await behind;
    }
    if (!closing) await session.fromClient(data, isBinary);
  }

  const arrived: { readonly data: Buffer; readonly isBinary: boolean }[] = [];
  let isTaking = false;
  let whenTaken: () => void = () => undefined;

  /** Takes what came from the target in its order: what must be asked about first keeps the rest waiting. */
  async function takeArrived(): Promise<void> {
    if (isTaking) return;
    isTaking = true;
    try {
      for (let next = arrived.shift(); next !== undefined; next = arrived.shift()) {
        const taken = session.fromTarget(next.data, next.isBinary);
        if (taken === undefined) continue;
        awaiting.pause();
        await taken;
        awaiting.resume();
      }
    } catch (error) {
      close(toGatewayError(error));
    } finally {
      isTaking = false;
      whenTaken();
    }
  }

  client.follow({
    onMessage(data, isBinary) {
      silence.heardClient();
      if (!count()) return;
      waiting += 1;
      waitingBytes += data.length;
      const isFull = waiting > MOST_WAITING || waitingBytes > MOST_WAITING_BYTES;
      if (isFull) client.pause();
      queue = queue
        .then(() => takeSent(data, isBinary))
        .catch((error: unknown) => close(toGatewayError(error)))
        .finally(() => {
          waiting -= 1;
          waitingBytes -= data.length;
          if (waiting <= MOST_WAITING / 2 && waitingBytes <= MOST_WAITING_BYTES / 2) client.resume();
        });
    },
    onControl: () => void count(),
    onClose(code) {
      session.leave();
      target.close(toPassedCode(code), "");
      end({ outcome: code === 1006 ? "aborted" : "completed", errorCode: null });
      closing = true;
      closed();
    },
  });
  target.follow({
    onMessage(data, isBinary) {
      silence.heardTarget();
      if (!client.isOpen) return;
      context.sent(data.length);
      if (holdsSecret(data, secrets)) {
        close(toRepeated());
        return;
      }
      arrived.push({ data, isBinary });
      void takeArrived();
    },
    onClose(code, reason) {
      const ended = (): void => targetClosed(code, reason);
      // What it said before stands before its close.
      if (isTaking) whenTaken = ended;
      else ended();
    },
  });

  function targetClosed(code: number, reason: string): void {
    if (!closing) {
      session.fail(new GatewayError("target_broke_off", "The target closed the socket within an answer."));
      end({ outcome: "completed", errorCode: null });
      const repeats = holdsSecret(Buffer.from(reason), secrets);
      // The recogniser is not asked about it: it is left out where that would be masked.
      const isSearched = !repeats && context.recognition.classes.size === 0;
      const isClean = isSearched && context.scanner.scan(reason, "other", "answer").length === 0;
      shut(toPassedCode(code), isClean ? reason : "");
    }
    closed();
  }

  return {
    session,
    close,
    drain(error = new GatewayError("shutting_down", "The gateway stops; open the socket again.")) {
      draining = error;
      session.drain(error);
      if (!session.isBusy) idle();
    },
  };
}
