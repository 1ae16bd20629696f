import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/slow/*.slow.ts"],
    globalSetup: ["test/global-setup.ts"],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    // They measure memory: one at a time.
    fileParallelism: false,
  },
});
