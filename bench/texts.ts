// Texts for the benchmarks of what searches texts: prose, code, JSON and logs, no two alike.
const WORDS =
  "the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were her all she there would their we him been has when who will more no if out so said what up its about into than them can only other new some could time these two may then do first any my now such like our over man me even most made after also did many before must through back years where much your way well down should because each just those people how too little state good very make world still own see men work long get here between both life being under never day same another know while last might us great old year off come since against go came right used take three".split(
    " ",
  );

/** Builds benign texts, no two alike: prose, code, JSON and logs, with ids and digests. */
export function createTexts(count: number, size: number, seed: number): string[] {
  const random = createRandom(seed);
  const word = (): string => WORDS[random(WORDS.length)] ?? "";
  const hex = (n: number): string => Array.from({ length: n }, () => random(16).toString(16)).join("");
  const makers: (() => string)[] = [
    () => `${Array.from({ length: 12 }, word).join(" ")}. `,
    () =>
      `  const ${word()}${random(99)} = await ${word()}.${word()}({ ${word()}: "${word()} ${word()}", id: ${random(1e6)} });\n`,
    () =>
      `{"${word()}":"${word()}","id":"${hex(8)}-${hex(4)}-${hex(4)}","ok":true,"n":[${random(9)},${random(99)}]}\n`,
    () =>
      `2026-03-0${1 + random(9)}T1${random(9)}:0${random(9)}:00Z INFO ${word()} digest=${hex(40)} took ${random(999)} ms\n`,
  ];
  return Array.from({ length: count }, () => {
    let text = "";
    const first = random(makers.length);
    while (text.length < size) text += makers[random(3) === 0 ? random(makers.length) : first]?.() ?? "";
    return text.slice(0, size);
  });
}

/** Builds texts of JSON as tools give them, no two alike: lists of records, with JSON in strings. */
export function createJsonTexts(count: number, size: number, seed: number): string[] {
  const random = createRandom(seed);
  const words = (n: number): string =>
    Array.from({ length: n }, () => WORDS[random(WORDS.length)] ?? "").join(" ");
  const record = (): string =>
    JSON.stringify({
      id: random(1e6),
      note: words(12),
      customer: { name: words(2), salary: random(1e5), tags: [words(1), words(1), random(9)] },
      ok: true,
      args: JSON.stringify({ query: words(3), limit: random(99) }),
    });
  return Array.from({ length: count }, () => {
    let text = record();
    while (text.length < size) text += `,${record()}`;
    return `[${text}]`;
  });
}

function createRandom(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}
