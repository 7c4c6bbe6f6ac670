// Records what the core says about the golden vectors (`npm run golden`). Look at the diff: a changed byte is a changed decision on every device.

import { writeOutput } from "../host/files.ts";
import { GOLDEN_PATH, goldenText, recordGolden } from "../tests/golden/vectors.ts";

const golden = await recordGolden();
writeOutput(GOLDEN_PATH, goldenText(golden));
console.log(`tests/golden/vectors.json: ${golden.vectors.length} vectors of ${Object.keys(golden.models).length} models`);
