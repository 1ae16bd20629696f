// What a command may touch, so that it can be run in a test as in a terminal.

export type Output = { write(text: string): unknown; readonly isTTY?: boolean };

export type CommandContext = {
  readonly stdout: Output;
  readonly stderr: Output;
  /** What a command is given that may not stand in its arguments. */
  readonly stdin: AsyncIterable<Buffer | string> & {
    readonly isTTY?: boolean;
    readonly setRawMode?: (mode: boolean) => unknown;
  };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Ends commands that go on until they are told to stop. */
  readonly signal: AbortSignal;
};

/** Says that a command can't do what it was asked for, in words for its user. */
export class CommandError extends Error {
  /** 1: it failed; 2: it was called wrongly; 3: what it was to find out is not as it should be. */
  readonly exitCode: 1 | 2 | 3;

  constructor(message: string, exitCode: 1 | 2 | 3 = 1) {
    super(message);
    this.name = "CommandError";
    this.exitCode = exitCode;
  }
}

/** Says that a program that a command ran has ended, with the exit code that becomes the command's own. */
export class ChildEnd extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super("The program has ended.");
    this.name = "ChildEnd";
    this.exitCode = exitCode;
  }
}
