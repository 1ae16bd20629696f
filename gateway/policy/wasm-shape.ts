// Looks at the sections of a module before it is compiled: OPA's modules have one memory, which is the gateway's, and functions.

/** The sections of WebAssembly's first version, and the count of data that came with the second. */
const LAST_SECTION = 12;
const TYPES = 1;
const TABLES = 4;
const MEMORIES = 5;
const FUNCTION = 0x60;
const NUMBERS: ReadonlySet<number> = new Set([0x7f, 0x7e, 0x7d, 0x7c]);
const FUNCTION_REFERENCE = 0x70;
/** OPA's table has an element for each function that is called by its address: some hundreds. */
const LONGEST_TABLE = 100_000;

/**
 * Throws an Error where a module could take memory that nobody bounds: memories and long tables of its own, or objects on
 * the gateway's heap. Whether it is valid is the engine's to say.
 */
export function checkShape(module: Uint8Array): void {
  const sections = createReader(module, 8);
  while (!sections.isAtEnd()) {
    const id = sections.byte();
    const end = sections.number() + sections.at();
    const reader = createReader(module.subarray(0, end), sections.at());
    if (id > LAST_SECTION) throw new Error(`the module has a section ${id}, which OPA's have not`);
    if (id === MEMORIES && reader.number() > 0) throw new Error("the module has a memory of its own");
    if (id === TABLES) checkTables(reader);
    if (id === TYPES) checkTypes(reader);
    sections.moveTo(end);
  }
}

function checkTables(reader: Reader): void {
  const tables = reader.number();
  if (tables === 0) return;
  const isPlain = tables === 1 && reader.byte() === FUNCTION_REFERENCE && reader.byte() === 1;
  reader.number();
  if (!isPlain || reader.number() > LONGEST_TABLE)
    throw new Error("the module has tables that OPA's have not");
}

function checkTypes(reader: Reader): void {
  for (let types = reader.number(); types > 0; types -= 1) {
    let isPlain = reader.byte() === FUNCTION;
    for (const _ of ["parameters", "results"])
      for (let values = reader.number(); values > 0; values -= 1) isPlain &&= NUMBERS.has(reader.byte());
    if (!isPlain) throw new Error("the module has types that OPA's have not");
  }
}

type Reader = {
  at(): number;
  isAtEnd(): boolean;
  moveTo(place: number): void;
  byte(): number;
  /** An unsigned one of at most 32 bits (LEB128). */
  number(): number;
};

function createReader(bytes: Uint8Array, begin: number): Reader {
  let at = begin;
  function byte(): number {
    const value = bytes[at];
    if (value === undefined) throw new Error("the module is cut short");
    at += 1;
    return value;
  }
  return {
    at: () => at,
    isAtEnd: () => at >= bytes.length,
    moveTo(place) {
      at = place;
    },
    byte,
    number() {
      let value = 0;
      for (let shift = 0; shift < 35; shift += 7) {
        const next = byte();
        value += (next & 0x7f) * 2 ** shift;
        if (next < 0x80) return value;
      }
      throw new Error("the module has a number that is too long");
    },
  };
}
