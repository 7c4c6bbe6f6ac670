// Files in: opening below a preopened folder, and reading until a buffer is full or the file ends.

import {
  ERRNO_BADF,
  ERRNO_ISDIR,
  ERRNO_NOENT,
  ERRNO_NOTCAPABLE,
  ERRNO_NOTDIR,
  ERRNO_PERM,
  FIRST_PREOPEN,
  fd_prestat_dir_name,
  fd_prestat_get,
  fd_read,
  LOOKUP_SYMLINK_FOLLOW,
  PRESTAT_BYTES,
  PRESTAT_NAME_BYTES,
  path_open,
  RIGHTS_READ,
} from "./abi.ts";
import { textBytes } from "./args.ts";
import { begin, end, refuse, setSubject } from "./errors.ts";
import { putText, putUnsigned } from "./print.ts";

const FOLDER_BYTES = 512;
const FOLDER: usize = memory.data(FOLDER_BYTES);
const PRESTAT: usize = memory.data(PRESTAT_BYTES, 4);
const OPENED: usize = memory.data(4, 4);
const IOVEC: usize = memory.data(8, 4);
const READ: usize = memory.data(4, 4);

/** Opens a file for reading, trying every preopened folder; ends the program when none has it. Also makes it the subject of messages. */
export function openFile(path: usize): i32 {
  setSubject(path, textBytes(path));
  let error = ERRNO_NOTCAPABLE;
  for (let folder = FIRST_PREOPEN; fd_prestat_get(folder, PRESTAT) == 0; folder++) {
    const below = pathBelow(folder, path);
    const result = path_open(folder, LOOKUP_SYMLINK_FOLLOW, below, textBytes(below), 0, RIGHTS_READ, 0, 0, OPENED);
    if (result == 0) return load<i32>(OPENED);
    if (error != ERRNO_NOENT) error = result;
  }
  failed(error);
  return -1;
}

/** The path as the folder sees it: without the folder's own name, "./" and leading slashes. */
function pathBelow(folder: i32, path: usize): usize {
  const bytes = load<i32>(PRESTAT, PRESTAT_NAME_BYTES);
  let below = path;
  if (bytes > 0 && bytes <= FOLDER_BYTES && fd_prestat_dir_name(folder, FOLDER, bytes) == 0) {
    let same: i32 = 0;
    while (same < bytes && load<u8>(path + same) != 0 && load<u8>(path + same) == load<u8>(FOLDER + same)) same++;
    const next = load<u8>(path + same);
    if (same == bytes && (next == 47 || load<u8>(path + same - 1) == 47)) below = path + same;
  }
  while (true) {
    if (load<u8>(below) == 47) below++;
    else if (load<u8>(below) == 46 && load<u8>(below, 1) == 47) below += 2;
    else return below;
  }
}

/** Reads until `bytes` are there or the file ends; returns how many came. */
export function read(fd: i32, ptr: usize, bytes: i32): i32 {
  let got: i32 = 0;
  while (got < bytes) {
    store<usize>(IOVEC, ptr + got, 0);
    store<i32>(IOVEC, bytes - got, 4);
    const error = fd_read(fd, IOVEC, 1, READ);
    // a folder can be opened; it is known by what runtimes say when it is read
    if (error != 0) failed(error == ERRNO_BADF || error == ERRNO_NOTCAPABLE ? ERRNO_ISDIR : error);
    if (load<i32>(READ) <= 0) break;
    got += load<i32>(READ);
  }
  return got;
}

function failed(error: i32): void {
  if (error == ERRNO_NOENT || error == ERRNO_NOTDIR) {
    refuse(" does not exist in a preopened folder (INPUT_MISSING)", "Names count from the preopened folders.");
  } else if (error == ERRNO_ISDIR) {
    refuse(" is a folder, a file expected (INPUT_IS_FOLDER)", "Name a file in it.");
  } else if (error == ERRNO_NOTCAPABLE || error == ERRNO_PERM) {
    refuse(" is in no preopened folder (INPUT_NOT_PREOPENED)", "Preopen its folder, for example: wasmtime --dir FOLDER");
  }
  begin();
  putText(" cannot be read: WASI errno ");
  putUnsigned(error);
  putText(" (INPUT_UNREADABLE)");
  end("Check the file and its permissions.");
}
