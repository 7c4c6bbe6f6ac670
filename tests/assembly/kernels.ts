// Entry for tests: the kernels behind one call, as the core calls them.
export { float32Gemv } from "../../assembly/kernels/float32_gemv";
export { linear } from "../../assembly/kernels/linear";
export { prepareBytes } from "../../assembly/kernels/prepare";
export { absmax } from "../../assembly/kernels/quantize";
export { layerNorm, relu } from "../../assembly/layers/norm";
export { argmax, softmax } from "../../assembly/layers/softmax";
export { dropout } from "../../assembly/router/dropout";
export { chooseExpert } from "../../assembly/router/policy";
export { nextRandom, seedRandom } from "../../assembly/router/random";
export { addSample, clearSamples, entropy, meanOfSamples, varianceOfSamples } from "../../assembly/router/uncertainty";
