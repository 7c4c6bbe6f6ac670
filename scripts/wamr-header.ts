// Writes examples/wamr/qurio_records.h: records, phases and errors as C, from assembly/format. tests/wamr_example.test.ts compares.
// usage: npm run wamr-header

import { recordsHeader } from "../firmware-sim/image/c_header.ts";
import { packagePath, writeOutput } from "../host/files.ts";

writeOutput(packagePath("examples", "wamr", "qurio_records.h"), recordsHeader());
