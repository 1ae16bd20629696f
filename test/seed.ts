// Before each file: property tests try the same cases in every run (`FUZZ_SEED=… npm test` tries others), imports are quick.
import fc from "fast-check";
import { resolveDrizzleSooner } from "../gateway/resolve-sooner.ts";

fc.configureGlobal({ seed: Number(process.env["FUZZ_SEED"] ?? 1) });
resolveDrizzleSooner();
