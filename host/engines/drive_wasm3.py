# Runs the core module in wasm3: loads a model, then decides each input that a line on stdin names.
#
#   python3 drive_wasm3.py WASM MODEL MODEL_PTR validate|load        stdin: lines "pcm SEED FILE" or "features SEED FILE"
#   stdout: a line for the model, then one for each input: {"ok": hex of the decision record}, or {"error": [code, place, expected, found]}
#
# The module's memory must be large enough already: this package cannot grow it.

import json
import struct
import sys

import wasm3

DONE, FAILED = 5, 6  # phases, assembly/format/ids.ts
RECORD_BYTES = 40

wasm_path, model_path, model_ptr, verb = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
environment = wasm3.Environment()
runtime = environment.new_runtime(64 * 1024)
with open(wasm_path, "rb") as file:
    runtime.load(environment.parse_module(file.read()))
functions = {}


def call(name, *arguments):
    if name not in functions:
        functions[name] = runtime.find_function(name)
    return functions[name](*arguments)


def place(pointer, data):
    runtime.get_memory(0)[pointer : pointer + len(data)] = data


def answer(code, result=b""):
    if code == 0:
        print(json.dumps({"ok": bytes(result).hex()}), flush=True)
    else:
        pointer = call("lastError")
        print(json.dumps({"error": struct.unpack("<4i", bytes(runtime.get_memory(0)[pointer : pointer + 16]))}), flush=True)


def listen(pcm):
    while pcm and call("audioSpace") > 0:
        part, pcm = pcm[: 2 * call("audioSpace")], pcm[2 * call("audioSpace") :]
        place(call("audioPtr"), part)
        code = call("pushAudio", len(part) // 2)
        if code != 0:
            return code
        while call("step") not in (0, DONE, FAILED):
            pass
    return 0


with open(model_path, "rb") as file:
    model = file.read()
place(model_ptr, model)
error = call(verb, model_ptr, len(model))
answer(error)
for line in sys.stdin if error == 0 and verb == "load" else []:
    kind, seed, path = line.rstrip("\n").split(" ", 2)
    with open(path, "rb") as file:
        data = file.read()
    number = int(seed)
    call("reset", number - (1 << 32) if number >= 1 << 31 else number)
    if kind == "features":
        place(call("featuresPtr"), data)
        code = call("pushFeatures")
    else:
        code = listen(data)
    code = code or call("decide")
    pointer = call("decisionPtr")
    answer(code, runtime.get_memory(0)[pointer : pointer + RECORD_BYTES])
