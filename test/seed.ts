// Property tests try the same cases in every run; `FUZZ_SEED=… npm test` tries others.
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["FUZZ_SEED"] ?? 1) });
