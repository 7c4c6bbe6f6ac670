// Arrays that NumPy wrote: format versions 1 to 3, little-endian float32, C order, one row a clip.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
//
//   "\x93NUMPY", u8 major, u8 minor, u16 (major 1) or u32 header bytes, header: a Python dict, padded; then the values

import { QurioError } from "../../host/errors.ts";

export interface Matrix {
  rows: number;
  columns: number;
  /** [rows][columns] */
  values: Float32Array;
}

/**
 * @param name what to call the file in errors
 * @throws QurioError NPY for any other file
 */
export function decodeNpy(bytes: Uint8Array, name: string): Matrix {
  const refuse = (what: string): never => {
    throw new QurioError("NPY", `${name}: ${what}`, "Write it with numpy.save of a float32 array [clips, values], C order.");
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || Buffer.from(bytes.subarray(0, 6)).toString("latin1") !== "\x93NUMPY") refuse("not a .npy file");
  const major = bytes[6]!;
  if (major < 1 || major > 3) refuse(`format version 1 to 3 expected, found ${major}`);
  const headerAt = major === 1 ? 10 : 12;
  const headerBytes = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataAt = headerAt + headerBytes;
  if (dataAt > bytes.length) refuse(`truncated: a header of ${headerBytes} bytes expected, ${bytes.length - headerAt} found`);
  const header = Buffer.from(bytes.subarray(headerAt, dataAt)).toString("latin1");
  const type = /'descr': *'([^']*)'/.exec(header)?.[1];
  if (type !== "<f4") refuse(`float32 ('<f4') expected, found ${type === undefined ? "no single type" : `'${type}'`}`);
  if (!/'fortran_order': *False/.test(header)) refuse("C order expected, found Fortran order");
  const shape = /'shape': *\(([^)]*)\)/.exec(header)?.[1] ?? "";
  const [, rowsText, columnsText] = /^ *(\d+) *, *(\d+) *,? *$/.exec(shape) ?? [];
  if (columnsText === undefined) refuse(`shape [clips, values] expected, found (${shape})`);
  const [rows, columns] = [Number(rowsText), Number(columnsText)];
  const dataBytes = 4 * rows * columns;
  if (rows === 0 || columns === 0) refuse(`at least one clip and one value expected, found shape (${shape})`);
  if (bytes.length - dataAt !== dataBytes) {
    refuse(`shape (${shape}) takes ${dataBytes} bytes of values, found ${bytes.length - dataAt}`);
  }
  const values = Float32Array.from({ length: rows * columns }, (_, i) => view.getFloat32(dataAt + 4 * i, true));
  return { rows, columns, values };
}
