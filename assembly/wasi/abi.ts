// WASI preview 1, as far as the command needs it: raw imports, no shim.
// Source: https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md

@external("wasi_snapshot_preview1", "args_sizes_get")
export declare function args_sizes_get(countPtr: usize, bytesPtr: usize): i32;
@external("wasi_snapshot_preview1", "args_get")
export declare function args_get(argvPtr: usize, textPtr: usize): i32;
@external("wasi_snapshot_preview1", "fd_prestat_get")
export declare function fd_prestat_get(fd: i32, prestatPtr: usize): i32;
@external("wasi_snapshot_preview1", "fd_prestat_dir_name")
export declare function fd_prestat_dir_name(fd: i32, namePtr: usize, nameBytes: i32): i32;
@external("wasi_snapshot_preview1", "path_open")
export declare function path_open(
  folderFd: i32,
  lookupFlags: i32,
  pathPtr: usize,
  pathBytes: i32,
  openFlags: i32,
  rights: u64,
  rightsInheriting: u64,
  fdFlags: i32,
  fdPtr: usize,
): i32;
@external("wasi_snapshot_preview1", "fd_read")
export declare function fd_read(fd: i32, iovecPtr: usize, iovecs: i32, readPtr: usize): i32;
@external("wasi_snapshot_preview1", "fd_write")
export declare function fd_write(fd: i32, iovecPtr: usize, iovecs: i32, writtenPtr: usize): i32;
@external("wasi_snapshot_preview1", "proc_exit")
export declare function proc_exit(code: i32): void;

export const STDOUT = 1;
export const STDERR = 2;
/** Folders that the runtime opened for the command start here and have no gaps. */
export const FIRST_PREOPEN = 3;

export const LOOKUP_SYMLINK_FOLLOW = 1;
/** fd_read. */
export const RIGHTS_READ: u64 = 1 << 1;

/** prestat: u8 kind (0 = folder), u32 length of its name. */
export const PRESTAT_BYTES = 8;
export const PRESTAT_NAME_BYTES = 4;
export const ERRNO_BADF = 8;
export const ERRNO_ISDIR = 31;
export const ERRNO_NOENT = 44;
export const ERRNO_NOTDIR = 54;
export const ERRNO_PERM = 63;
export const ERRNO_NOTCAPABLE = 76;
