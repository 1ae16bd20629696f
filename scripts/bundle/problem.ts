// A problem of the policy's sources, told to its author.

/** Says what is wrong with the sources and what to do; the command line prints it without a stack. */
export class PolicyProblem extends Error {
  constructor(message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = "PolicyProblem";
  }
}
