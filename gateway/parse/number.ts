// Tells whether a JSON number keeps its value when a double carries it.

/**
 * Tells whether the number that stands between two offsets survives a round trip: its decimal value is the one that
 * `JSON.stringify` writes for the double, or the one of a printer with 17 significant digits.
 */
export function isSafeNumber(text: string, start: number, end: number): boolean {
  // 15 significant digits without an exponent always survive.
  if (end - start <= 15 && !hasExponent(text, start, end)) return true;
  const literal = text.slice(start, end);
  const value = Number(literal);
  if (!Number.isFinite(value)) return false;
  const decimal = toDecimal(literal);
  return decimal === toDecimal(String(value)) || decimal === toDecimal(value.toPrecision(17));
}

function hasExponent(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x65 || code === 0x45) return true;
  }
  return false;
}

/** Writes a number's value in one way: significant digits without zeros at either end, then the exponent of the last. */
function toDecimal(literal: string): string {
  const unsigned = literal.startsWith("-") ? literal.slice(1) : literal;
  const [mantissa = "", exponent = "0"] = unsigned.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = whole + fraction;
  let first = 0;
  while (first < digits.length && digits.charCodeAt(first) === 0x30) first++;
  let last = digits.length;
  while (last > first && digits.charCodeAt(last - 1) === 0x30) last--;
  if (first === last) return "0";
  return `${digits.slice(first, last)}e${Number(exponent) - fraction.length + (digits.length - last)}`;
}
