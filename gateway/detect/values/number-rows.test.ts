import { describe, expect, it, test } from "vitest";

import { numberRows } from "./number-rows.ts";
import type { NumberRow, ValueClass } from "./table.ts";

const digits = "0123456789";
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

function compactOf(written: string): string {
  return written.toUpperCase().replaceAll(/[^0-9A-Z]/g, "");
}

function patternOf(format: string, loose: boolean): RegExp {
  const parts = Array.from(format, (character) => {
    if (character === "9") return "[0-9]";
    if (character === "A") return "[A-Za-z]";
    if (character === "*") return "[0-9A-Za-z]";
    if (loose && " .-/".includes(character)) return "[ ./-]?";
    return character.replace(/\W/, String.raw`\$&`);
  });
  return new RegExp(`^${parts.join("")}$`);
}

function isFound(row: NumberRow, written: string): boolean {
  const hasFormat = row.formats.some((format) => patternOf(format, row.loose ?? false).test(written));
  return hasFormat && row.isValid(compactOf(written));
}

/** A linear congruence (Numerical Recipes), so that each run tries the same numbers. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const made = new Map<string, readonly string[]>();

/** Makes so many texts that a rate of one in 1,000 shows, once for each length. */
function randomTexts(length: number, hasLetters: boolean): readonly string[] {
  const key = `${length} ${hasLetters}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const alphabet = hasLetters ? digits + letters : digits;
  const random = createRandom(1);
  const texts = Array.from({ length: hasLetters ? 20_000 : 60_000 }, () => {
    let text = "";
    for (let at = 0; at < length; at++) text += alphabet.charAt(random(alphabet.length));
    return text;
  });
  made.set(key, texts);
  return texts;
}

/** All texts that differ from one in a single digit. */
function* changeADigit(compact: string): Generator<string> {
  for (let at = 0; at < compact.length; at++) {
    if (!digits.includes(compact.charAt(at))) continue;
    for (const digit of digits) {
      if (digit !== compact.charAt(at)) yield compact.slice(0, at) + digit + compact.slice(at + 1);
    }
  }
}

function refusedOf(row: NumberRow): number {
  let refused = 0;
  let tried = 0;
  for (const example of row.examples) {
    for (const changed of changeADigit(compactOf(example))) {
      tried++;
      if (!row.isValid(changed)) refused++;
    }
  }
  return refused / tried;
}

// No digit of these checks the others; dates and ranges may still refuse some.
const unchecked = new Set(
  (
    "us_ssn us_itin us_ein us_mbi mx_rfc cr_cedula sv_nit ar_dni co_cedula uk_nino de_steuernummer de_id_card " +
    "it_id_card mt_id dk_cpr al_nid by_id ge_id eg_id ae_emirates_id ng_nin ke_id ke_kra_pin gh_card ma_cin in_pan " +
    "pk_cnic lk_nic lk_nic_long bd_nid cn_resident_id_old mo_id kr_frn my_mykad id_nik ph_tin ph_sss vn_cccd " +
    "ua_unzr uz_pinfl us_bank_account uk_bank_account in_ifsc in_bank_account au_bsb ca_bank_account bic eu_vat"
  ).split(" "),
);

// Remainders share a check digit, weights share a factor with the modulus, or some digits stand outside of the check.
const weaker = new Set(
  (
    "us_dea ca_business mx_curp co_nit uy_ci uk_utr be_bis de_lanr pt_niss ee_isikukood lt_asmens_kodas " +
    "cz_rodne_cislo cz_ico hu_szemelyi hu_adoszam ro_cui ru_snils kz_iin tw_id tw_ubn kr_rrn th_id id_npwp au_acn " +
    "au_medicare nz_ird nz_nhi es_ccc br_cnh"
  ).split(" "),
);

test("every row has an id of its own, words, a source, and an example", () => {
  expect(new Set(numberRows.map((row) => row.id)).size).toBe(numberRows.length);
  for (const row of numberRows) {
    expect(row.id).toMatch(/^[a-z][a-z0-9_]+$/);
    expect(row.source).toMatch(/^https:\/\//);
    expect(row.examples.length, row.id).toBeGreaterThan(0);
    expect(row.counterExamples.length, row.id).toBeGreaterThan(0);
    expect(row.words.length, row.id).toBeGreaterThan(0);
    for (const word of row.words) expect(word).toBe(word.toLowerCase());
  }
});

test("the rows are of the four classes that numbers of states and banks have", () => {
  const classes: readonly ValueClass[] = ["bank_account", "driving_licence", "national_id", "passport"];
  expect([...new Set(numberRows.map((row) => row.class))].sort()).toEqual(classes);
});

test("the lists of rows that are checked less name rows", () => {
  const ids = new Set(numberRows.map((row) => row.id));
  for (const id of [...unchecked, ...weaker]) expect(ids).toContain(id);
});

function named(rows: readonly NumberRow[]): (readonly [string, NumberRow])[] {
  return rows.map((row) => [row.id, row] as const);
}

describe.each(named(numberRows))("%s", (_id, row) => {
  it("finds its examples, and none of its counter-examples", () => {
    for (const example of row.examples) expect(isFound(row, example), example).toBe(true);
    for (const example of row.counterExamples) expect(isFound(row, example), example).toBe(false);
  });

  it("refuses what is no number at all", () => {
    for (const text of ["", "0", "A", "0".repeat(40), "A".repeat(40)]) expect(row.isValid(text)).toBe(false);
    for (const format of row.formats) {
      expect(row.isValid(compactOf(format).replaceAll(/[9A*]/g, "0")), format).toBe(false);
    }
  });
});

function isChecked(row: NumberRow): boolean {
  return (
    row.class !== "passport" &&
    (row.class !== "driving_licence" || row.id === "br_cnh") &&
    !unchecked.has(row.id)
  );
}

it.each(named(numberRows.filter(isChecked)))("%s refuses a number with a changed digit", (id, row) => {
  const refused = refusedOf(row);
  if (weaker.has(id)) expect(refused).toBeGreaterThan(0.55);
  else expect(refused).toBe(1);
});

it.each(named(numberRows.filter((row) => row.evidence === "alone")))(
  "fewer than one in 1,000 random numbers of its length are %s",
  (_id, row) => {
    for (const shape of new Set(row.formats.map((format) => compactOf(format).replaceAll(/[^\d]/g, "A")))) {
      const texts = randomTexts(shape.length, shape.includes("A"));
      let passed = 0;
      for (const text of texts) if (row.isValid(text)) passed++;
      expect(passed, shape).toBeLessThan(texts.length / 1000);
    }
  },
);
