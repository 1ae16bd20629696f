// What English calls a driving licence.

/** Words before the number of a driving licence, in all countries. */
export const licenceWords: readonly string[] = [
  "driver's licen",
  "driver’s licen",
  "drivers licen",
  "driver licen",
  "driving licen",
  "drivers' licen",
  "driver_licen",
  "drivers_licen",
  "driver-licen",
  "driving_licen",
  "operator's licen",
  "licence number",
  "license number",
  "licence no",
  "license no",
  "dl no",
  "dl number",
  "dl#",
  "dl:",
  "dln",
  "dmv",
];
