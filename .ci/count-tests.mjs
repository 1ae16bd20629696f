// Adds up the reports of the test suites and prints `N passed, N failed`; plain JavaScript, for it runs even where the
// install failed. A step that failed without a failed test in its report counts as one.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [folder, ...failedSteps] = process.argv.slice(2);
let passed = 0;
let failed = 0;

const suites = [
  { step: "test", read: () => readVitest(join(folder, "test.json")) },
  { step: "test:browser", read: () => readVitest(join(folder, "test-browser.json")) },
  { step: "test:python", read: () => readJunit(join(folder, "test-python.xml")) },
];
for (const suite of suites) {
  const counts = suite.read();
  passed += counts.passed;
  failed += counts.failed;
  const isUnexplained = counts.failed === 0 && (failedSteps.includes(suite.step) || counts.passed === 0);
  if (isUnexplained) failed += 1;
}
failed += failedSteps.filter((step) => suites.every((suite) => suite.step !== step)).length;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function readVitest(path) {
  if (!existsSync(path)) return { passed: 0, failed: 0 };
  const report = JSON.parse(readFileSync(path, "utf8"));
  return { passed: report.numPassedTests, failed: report.numFailedTests };
}

function readJunit(path) {
  if (!existsSync(path)) return { passed: 0, failed: 0 };
  const suite = /<testsuite\s[^>]*>/.exec(readFileSync(path, "utf8"))?.[0] ?? "";
  const count = (name) => Number(new RegExp(`\\s${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = count("failures") + count("errors");
  return { passed: count("tests") - failed - count("skipped"), failed };
}
