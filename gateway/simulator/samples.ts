// Synthetic personal data and secrets, put together when asked for so that no file of the project holds one.

/** Gives a text with one synthetic value of each class of personal data. */
export function personalData(): string {
  const card = ["4111", "1111", "1111", "1111"].join(" ");
  const iban = ["DE89", "3704", "0044", "0532", "0130", "00"].join(" ");
  return [
    `Name: ${["Erika", "Mustermann"].join(" ")}`,
    `Email: ${["erika.mustermann", "example.org"].join("@")}`,
    `Phone: ${["+1", "202", "555", "0143"].join(" ")}`,
    `Card: ${card}`,
    `IBAN: ${iban}`,
    `SSN: ${["078", "05", "1120"].join("-")}`,
    `Born: ${["1964", "08", "12"].join("-")}`,
    `Address: ${["203.0", "113.7"].join(".")}`,
  ].join("\n");
}

/** Gives a text with one synthetic value of each usual shape of secret; none was ever valid. */
export function fakeSecrets(): string {
  const filler = "Sim0Lated1Value2Never3Valid4Text5Abc6Def7";
  const base64 = (text: string) => Buffer.from(text).toString("base64url");
  return [
    `OpenAI: ${["sk", "proj", filler + filler.slice(0, 8)].join("-")}`,
    `AWS: ${["AK", "IA", "SIMULATED0000000".slice(0, 16)].join("")}`,
    `GitHub: ${["gh", "p_", filler.slice(0, 36)].join("")}`,
    `Slack: ${[["xo", "xb"].join(""), "000000000000", "000000000000", filler.slice(0, 24)].join("-")}`,
    `JWT: ${[base64('{"alg":"HS256","typ":"JWT"}'), base64('{"sub":"simulated"}'), filler].join(".")}`,
    `${["-----BEGIN", "PRIVATE", "KEY-----"].join(" ")}\n${filler}\n${["-----END", "PRIVATE", "KEY-----"].join(" ")}`,
    `Database: ${["postgres:", "", ["simulated", ":", filler.slice(0, 12), "@", "db.example.org/app"].join("")].join("/")}`,
  ].join("\n");
}
