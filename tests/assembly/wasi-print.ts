// Number printing of the WASI command, alone.

import { flush, printTo, putDecimal, putSigned } from "../../assembly/wasi/print.ts";

export { flush, printTo, putDecimal, putSigned };
