// Audio worklet: the microphone's float samples -> 16-bit PCM, a message every 0.1 s.

const SAMPLES = 1600;

class Microphone extends AudioWorkletProcessor {
  pcm = new Int16Array(SAMPLES);
  filled = 0;

  process([input]) {
    for (const sample of input[0] ?? []) {
      this.pcm[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(sample * 32768)));
      if (this.filled < SAMPLES) continue;
      this.port.postMessage(this.pcm, [this.pcm.buffer]);
      this.pcm = new Int16Array(SAMPLES);
      this.filled = 0;
    }
    return true;
  }
}

registerProcessor("microphone", Microphone);
