// Microphone -> 16 kHz, 16-bit PCM -> a stream of windows -> what is shown.

import { loadModel } from "../../build/browser.js";

const HOP_S = 1;
const find = (id) => document.getElementById(id);
const percent = (share) => `${(100 * share).toFixed(1)} %`;
/** Speaks only when it changes: it is a live region. */
const say = (text) => {
  if (find("event").textContent !== text) find("event").textContent = text;
};

/** What ends the listening; null while nothing listens. */
let stop = null;

find("controls").addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const button = find("listen");
  button.disabled = true;
  find("problem").textContent = "";
  try {
    if (stop) stop();
    else stop = await listen(find("model").value);
  } catch (error) {
    find("problem").textContent = [error.message, error.hint].filter(Boolean).join(" ");
    say("Not listening");
  }
  button.disabled = false;
  button.textContent = stop ? "Stop" : "Listen";
  find("model").disabled = stop !== null;
});

/** Starts the microphone; returns what stops it. */
async function listen(source) {
  const model = await loadModel(new URL(source, import.meta.url));
  const context = new AudioContext({ sampleRate: model.sampleRate }); // the browser resamples
  let microphone = null;
  const end = () => {
    for (const track of microphone?.getTracks() ?? []) track.stop();
    context.close();
    stop = null;
    say("Not listening");
  };
  try {
    // as recorded: what helps a telephone call alters the sounds that the model knows
    const audio = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    microphone = await navigator.mediaDevices.getUserMedia({ audio });
    const stream = model.stream({ hopS: HOP_S, votes: 3, startVotes: 2 });
    await context.audioWorklet.addModule(new URL("microphone.js", import.meta.url));
    const worklet = new AudioWorkletNode(context, "microphone", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    worklet.port.onmessage = ({ data }) => {
      for (const window of stream.push(data)) show(window, model.labels.length);
    };
    context.createMediaStreamSource(microphone).connect(worklet);
    say("Listening …");
    return end;
  } catch (error) {
    end();
    throw error;
  }
}

/** Entropy is shown as a share of its most, that of a blind guess. */
function show({ startS, decision, event }, classes) {
  const uncertainty = decision.uncertainty.entropy / Math.log(classes);
  say(event ?? "Nothing certain");
  find("label").textContent = decision.abstained ? `${decision.label}, not sure` : decision.label;
  find("probability").textContent = percent(decision.probability);
  find("probability-meter").value = decision.probability;
  find("uncertainty").textContent = percent(uncertainty);
  find("uncertainty-meter").value = uncertainty;
  find("answerer").textContent = decision.answerer;
  find("window").textContent = `${startS.toFixed(0)} s to ${(startS + 5).toFixed(0)} s`;
}

find("listen").disabled = false;
