// How a check tells its steps to somebody who asks why a token is taken or not.

/** Takes note of a step and of what came of it: words for an operator, who may see what the token claims. */
export type Note = (step: string, said: string) => void;
