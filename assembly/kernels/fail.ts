// The last failure: what, where, expected, found. Static, so that reporting an error never needs memory.
//
//   0      4       8          12      16
//   | code | place | expected | found |      i32 each

import { OK } from "../format/errors.ts";

const RECORD: usize = memory.data(16, 16);

/** Records a failure and returns its code, so that a check reads `return fail(…)`. */
export function fail(code: i32, place: i32, expected: i32, found: i32): i32 {
  store<i32>(RECORD, code, 0);
  store<i32>(RECORD, place, 4);
  store<i32>(RECORD, expected, 8);
  store<i32>(RECORD, found, 12);
  return code;
}

export function failPtr(): usize {
  return RECORD;
}

export function failureCode(): i32 {
  return load<i32>(RECORD);
}

export function clearFailure(): void {
  fail(OK, 0, 0, 0);
}
