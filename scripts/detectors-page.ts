// Writes the page of detectors: what the gateway finds by itself, by class.
import { TABLES } from "../gateway/detect/values/tables.ts";

const OWN: readonly (readonly [id: string, ofClass: string, title: string, source: string])[] = [
  [
    "credit_card",
    "credit_card",
    "Payment card, all schemes, by issuer range and check digit",
    "ISO/IEC 7812",
  ],
  [
    "iban",
    "bank_account",
    "International bank account number, by country, length and check digits",
    "ISO 13616",
  ],
  ["email", "email", "E-mail address", "RFC 5321"],
  ["phone", "phone", "Telephone number, by its country's plan", "ITU-T E.164"],
  ["ip_address", "ip_address", "IPv4 or IPv6 address, but this host's and masks", "RFC 4291"],
  ["mac_address", "mac_address", "MAC address", "IEEE 802"],
  ["birth_date", "birth_date", "Date beside a word such as `born`", ""],
  ["jwt", "secret", "JSON Web Token, also wrapped over lines", "RFC 7519"],
  ["private_key", "secret", "Private key in PEM, also cut off", "RFC 7468"],
  ["connection_string", "secret", "Password in a connection string", "RFC 3986"],
  ["command_password", "secret", "Password after `-u` or `--user`, as curl is given it", ""],
  ["bearer_token", "secret", "Token after `Bearer`", "RFC 6750"],
];

/** Gives the page. */
export function toDetectorsPage(note: string): string {
  const lines = [
    "# Detectors",
    note,
    "",
    "What is found in texts, by class: policy speaks of classes (`input.findings`, [`mask`](masking.md)), records name detectors too. A number counts `alone` where its structure is rare enough, when it is `written` with its separators, or only `near` a word that says what it is.",
    "",
    "## By structure",
    "",
    "| detector | class | what | after |",
    "|---|---|---|---|",
    ...OWN.map(([id, ofClass, title, source]) => `| \`${id}\` | \`${ofClass}\` | ${title} | ${source} |`),
    "",
    `## Numbers of states and banks (${TABLES.numbers.length})`,
    "",
    "| detector | class | country | what | counts |",
    "|---|---|---|---|---|",
    ...TABLES.numbers.map(
      ({ id, class: ofClass, country, title, evidence, source }) =>
        `| \`${id}\` | \`${ofClass}\` | ${country ?? ""} | ${toLink(title, source)} | ${evidence} |`,
    ),
    "",
    `## Addresses of currencies, and keys to them (${TABLES.coins.length})`,
    "",
    "A run of letters and digits whose check sum says what it is. One without a check sum counts only near a word that says so, or where it is all of a text. An address without any digit nor one of the letters j, q and z, 1 in 20,000, is not looked at.",
    "",
    "| detector | class | what | counts |",
    "|---|---|---|---|",
    ...TABLES.coins.map(
      ({ id, class: ofClass, title, source, words }) =>
        `| \`${id}\` | \`${ofClass}\` | ${toLink(title, source)} | ${words === undefined ? "alone" : "near"} |`,
    ),
    "",
    `## Tokens with a shape of their own (${TABLES.tokens.length})`,
    "",
    "All of the class `secret`.",
    "",
    "| detector | what |",
    "|---|---|",
    ...TABLES.tokens.map(({ id, title, source }) => `| \`${id}\` | ${toLink(title, source)} |`),
    "",
    `## Secrets that a name tells (${TABLES.named.length})`,
    "",
    "All of the class `secret`: a value that is assigned to a name which holds one of the words.",
    "",
    "| detector | what | words |",
    "|---|---|---|",
    ...TABLES.named.map(
      ({ id, title, source, names }) => `| \`${id}\` | ${toLink(title, source)} | ${toWords(names)} |`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function toLink(title: string, source: string): string {
  const text = title.replaceAll("|", "\\|");
  return /^https:\/\/\S+$/.test(source) ? `[${text}](${source})` : text;
}

function toWords(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => `\`${name}\``);
  return shown.join(", ") + (names.length > shown.length ? ", …" : "");
}
