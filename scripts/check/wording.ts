// Finds what a finished text does not say: private paths, markers of work to do, tests that are set aside.
import { toPlace } from "./tracked-files.ts";
import type { TrackedFile } from "./tracked-files.ts";

type Unwanted = { readonly what: string; readonly shape: RegExp; readonly files: RegExp };

const TEXTS = /\.(?:ts|js|mjs|md|ya?ml|rego|sql|py|sh)$|(?:^|\/)(?:Dockerfile|[a-z-]+)$/;

const UNWANTED: readonly Unwanted[] = [
  {
    what: "a path of one person's machine",
    shape: /(?<![\w.])\/(?:home|Users|root|work)\/[a-z][\w.-]*/g,
    files: TEXTS,
  },
  { what: "a marker of work to do", shape: /\b(?:TO(?:)DO|FIX(?:)ME|XX(?:)X)\b/g, files: TEXTS },
  {
    what: "a test that is set aside",
    shape: /\b(?:test|it|describe)\.(?:only|skip|todo|fails)\b|^\s*@pytest\.mark\.skip\b/gm,
    files: /\.test\.ts$|(?:^|\/)test_\w+\.py$/,
  },
  {
    what: "a package that does not come from the public registry",
    shape: /"resolved": "(?!https:\/\/registry\.npmjs\.org\/)[^"]*"/g,
    files: /(?:^|\/)package-lock\.json$/,
  },
  {
    what: "a comment that switches a rule off",
    shape: /\b(?:oxlint|eslint)-disable\b|@ts-(?:ignore|nocheck)\b/g,
    files: /\.[jt]s$/,
  },
];

/** Lists the places of what is unwanted. */
export function findUnwanted(files: readonly TrackedFile[]): string[] {
  return UNWANTED.flatMap(({ what, shape, files: meant }) =>
    files
      .filter(({ path }) => meant.test(path))
      .flatMap((file) =>
        [...file.text.matchAll(shape)].map((match) => `${toPlace(file, match.index)}: ${what}`),
      ),
  );
}
