// Browser-safe. Colours of everything that qurio draws, and text that is safe in SVG.

/** Light theme; ink on ground has 16 : 1, the accent, secondInk and notSure have at least 4.9 : 1. */
export const TOKENS = {
  ground: "#fbfaf7",
  panel: "#ffffff",
  line: "#d9d6cf",
  ink: "#1b1d21",
  secondInk: "#5a5f69",
  accent: "#0b7a75",
  notSure: "#9a5200",
} as const;

/** Okabe and Ito (2008), told apart by colour-blind people; a label stands beside each, since there may be more classes than colours. */
const CLASS_COLOURS = ["#000000", "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"] as const;

/** Colour of class `index` of a model's labels. */
export function classColour(index: number): string {
  return CLASS_COLOURS[index % CLASS_COLOURS.length];
}

/** Viridis (S. van der Walt and N. Smith, matplotlib) in 16 steps that look equally far apart, dark to light. */
export const VIRIDIS = [
  "#440154", "#481a6c", "#472f7d", "#414487", "#39568c", "#31688e", "#2a788e", "#23888e",
  "#1f988b", "#22a884", "#35b779", "#54c568", "#7ad151", "#a5db36", "#d2e21b", "#fde725",
] as const; // biome-ignore format: two rows of eight

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
