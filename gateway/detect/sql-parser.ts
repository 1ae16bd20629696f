// The door to libpg-query: PostgreSQL's own parser in WebAssembly, kept away from texts that would break it.

/** A parsed statement tree, or a tree of PL/pgSQL; `unknown` because the walkers look at any shape. */
export type SqlTree = { readonly tree: unknown } | "refused" | "unavailable";

type Parser = { readonly parse: Parse; readonly parseProgram: Parse };
type Parse = (text: string) => unknown;

/** How often a parser that broke is replaced before the process gives up on it. */
const MAX_INSTANCES = 64;

let parser: Parser | null = null;
let loading: Promise<void> | null = null;
let instances = 0;

/** Loads the parser; call and await it once before the first `parseSql`. */
export function loadSqlParser(): Promise<void> {
  if (parser !== null) return Promise.resolve();
  loading ??= load().finally(() => {
    loading = null;
  });
  return loading;
}

/**
 * Parses SQL as PostgreSQL does.
 *
 * @returns "refused" where it is no PostgreSQL, "unavailable" where the parser broke (it is being replaced).
 */
export function parseSql(text: string): SqlTree {
  return parser === null ? "unavailable" : attempt(parser.parse, text);
}

/** Parses a `DO` or `CREATE FUNCTION` statement in PL/pgSQL into a tree that holds its queries as texts. */
export function parseProgram(text: string): SqlTree {
  return parser === null ? "unavailable" : attempt(parser.parseProgram, text);
}

function attempt(parse: Parse, text: string): SqlTree {
  try {
    return { tree: parse(text) };
  } catch (error) {
    if (error instanceof Error && error.name === "SqlError") return "refused";
    // Anything else (a stack that ran over, memory) leaves the instance's own stack out of order.
    parser = null;
    if (instances < MAX_INSTANCES) void loadSqlParser();
    return "unavailable";
  }
}

async function load(): Promise<void> {
  instances += 1;
  // The module makes its instance when it is evaluated; another query gives another instance.
  const name = `libpg-query/wasm/index.js?instance=${instances}`;
  const module: unknown = await import(name);
  const ready = toFunction(module, "loadModule");
  await ready();
  parser = { parse: toFunction(module, "parseSync"), parseProgram: toFunction(module, "parsePlPgSQLSync") };
}

function toFunction(module: unknown, name: string): (...args: readonly string[]) => unknown {
  if (typeof module !== "object" || module === null) throw new TypeError("libpg-query is no module");
  const member: unknown = Reflect.get(module, name);
  if (typeof member !== "function") throw new TypeError(`libpg-query has no ${name}`);
  return (...args) => Reflect.apply(member, undefined, args);
}
