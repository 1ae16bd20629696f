// Gives the error that a call of the SDK ends in, for tests of refusals.
import { APIError } from "openai";

/** Waits for a call to fail, and gives status, code and message as the SDK raises them. */
export async function openaiError(call: Promise<unknown>): Promise<{
  readonly status: number | undefined;
  readonly code: string | null | undefined;
  readonly message: string;
}> {
  try {
    await call;
  } catch (error) {
    if (error instanceof APIError) {
      const { status, code, message } = error;
      return { status, code, message };
    }
    throw error;
  }
  throw new Error("The call did not fail.");
}
