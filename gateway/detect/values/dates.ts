// Dates of birth inside of numbers: what can be one.

/** The span of years in which people lived who are written of, with room for years to come. */
const firstYear = 1890;
const lastYear = 2040;

const daysOfMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Says whether a day stands in the calendar and a person may be born on it. */
export function isBirthDate(year: number, month: number, day: number): boolean {
  if (year < firstYear || year > lastYear) return false;
  if (day < 1 || day > (daysOfMonth[month - 1] ?? 0)) return false;
  return month !== 2 || day < 29 || (year % 4 === 0 && year !== 1900);
}

/** Reads some digits as a number. */
export function numberAt(text: string, from: number, length: number): number {
  let number = 0;
  for (let at = from; at < from + length; at++) number = number * 10 + text.charCodeAt(at) - 48;
  return number;
}

/** Says whether a day stands in the calendar of the 20th or 21st century, of whose year two digits are known. */
export function isShortDate(yearOfCentury: number, month: number, day: number): boolean {
  return isBirthDate(1900 + yearOfCentury, month, day) || isBirthDate(2000 + yearOfCentury, month, day);
}

/** Says whether six digits are a date written as year, month, day. */
export function isYymmdd(text: string, from: number): boolean {
  return isShortDate(numberAt(text, from, 2), numberAt(text, from + 2, 2), numberAt(text, from + 4, 2));
}

/** Says whether six digits are a date written as day, month, year. */
export function isDdmmyy(text: string, from: number): boolean {
  return isShortDate(numberAt(text, from + 4, 2), numberAt(text, from + 2, 2), numberAt(text, from, 2));
}
