// Browser-safe. The instrument: what was heard, how sure, who answered, and what that costs, on one time axis. Plain SVG, same data, same bytes.
//
//   spectrogram   Hz, seconds
//   decisions     a cell each: the fill's height is the probability; hatched when not sure
//   the ladder    a rung an expert, cheapest below: filled = answered, outlined = was asked and escalated
//   energy        of each decision, front end and networks on one scale
//   battery       days at this rate, what they go to, and the range

import { drawStrip, type Strip } from "./spectrogram.ts";
import { classColour, escapeXml, TOKENS } from "./tokens.ts";

/** A network that may answer. */
export interface Rung {
  name: string;
  /** Type and bytes of its weights. */
  weights: string;
}

export interface DecisionCell {
  label: string;
  /** Of the label among the model's. */
  index: number;
  probability: number;
  abstained: boolean;
  /** Of the rung that answered; those below were asked and escalated. */
  answeredBy: number;
  /** Of each rung that ran. */
  rungUj: number[];
  frontEndUj: number;
}

export interface Instrument {
  /** For people who do not see it. */
  description: string;
  /** Model and board that the figures are modelled for. */
  subject: string;
  seconds: number;
  strip: Strip;
  /** Where a frequency lies in the strip, 0 (bottom) to 1. */
  ticks: { label: string; at: number }[];
  /** Cheapest first. */
  rungs: Rung[];
  /** In order, each as long as the others. */
  decisions: DecisionCell[];
  battery: { title: string; days: { p10: number; p50: number; p90: number }; spent: { name: string; share: number }[] };
}

const WIDTH = 830;
const LEFT = 136;
const RIGHT = 808;
const STRIP = { y: 44, height: 124 };
const CELL = { y: 202, height: 74 };
const RUNG = { y: 322, height: 38, gap: 20 };
const GAP = 4;

/** Sizes of text in the picture's units: as wide as a README, and as wide as a telephone. */
const STYLE = `
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums;font-size:14px;fill:${TOKENS.ink}}
.l{font-size:17px;font-weight:600}.s{fill:${TOKENS.secondInk}}.m{text-anchor:middle}.e{text-anchor:end}.w{fill:#ffffff}.n{fill:${TOKENS.notSure}}.a{fill:${TOKENS.accent};font-size:12.5px}.h{paint-order:stroke;stroke:${TOKENS.panel};stroke-width:3px;stroke-opacity:.7}.small{display:none}
@media(max-width:520px){text{font-size:23px}.l{font-size:26px}.wide{display:none}.small{display:inline}}
`;

/** @returns a whole SVG document, 830 units wide */
export function drawInstrument(data: Instrument): string {
  const energyY = RUNG.y + data.rungs.length * (RUNG.height + RUNG.gap) + 12;
  const batteryY = energyY + 90;
  const height = batteryY + 88;
  const body = [
    rect(0.5, 0.5, WIDTH - 1, height - 1, `rx="8" fill="${TOKENS.ground}" stroke="${TOKENS.line}"`),
    ...sound(data),
    ...decisions(data),
    ...ladder(data),
    ...energy(data, energyY),
    ...battery(data, batteryY),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="t d">`,
    `<title id="t">A decision of qurio</title>`,
    `<desc id="d">${escapeXml(data.description)}</desc>`,
    `<style>${STYLE}</style>`,
    hatch(),
    ...body,
    "</svg>\n",
  ].join("\n");
}

function sound({ subject, strip, seconds, ticks }: Instrument): string[] {
  const { y, height } = STRIP;
  const second = (RIGHT - LEFT) / seconds;
  const marks = Array.from({ length: Math.floor(seconds / 5) + 1 }, (_, i) => 5 * i);
  return [
    text(LEFT, y - 15, "heard", ""),
    text(RIGHT, y - 15, subject, "s e wide"),
    drawStrip(strip, LEFT, y, RIGHT - LEFT, height),
    ...ticks.flatMap(({ label, at }) => {
      const tickY = y + height * (1 - at);
      return [line(LEFT - 6, tickY, LEFT, tickY), text(LEFT - 10, tickY + 5, label, "s e wide")];
    }),
    text(LEFT, y + height + 26, "0 s", "s small"),
    text(RIGHT, y + height + 26, `${seconds} s`, "s e small"),
    ...marks.map((s) => text(LEFT + s * second, y + height + 20, `${s} s`, `s wide ${s === 0 ? "" : s === seconds ? "e" : "m"}`)),
  ];
}

/** Left edge and width of cell i. */
function column(i: number, { decisions }: Instrument): [x: number, width: number] {
  const width = (RIGHT - LEFT) / decisions.length;
  return [LEFT + i * width + GAP / 2, width - GAP];
}

function decisions(data: Instrument): string[] {
  const { y, height } = CELL;
  const cells = data.decisions.flatMap(({ label, index, probability, abstained }, i) => {
    const [x, width] = column(i, data);
    const colour = abstained ? TOKENS.notSure : classColour(index);
    const fillHeight = height * probability;
    const fill = abstained ? `fill="url(#hatch)"` : `fill="${colour}" fill-opacity="0.32"`;
    const middle = x + width / 2;
    const share = `${(100 * probability).toFixed(1)} %`;
    return [
      rect(x, y, width, height, `rx="4" fill="${TOKENS.panel}"`),
      rect(x, y + height - fillHeight, width, fillHeight, fill),
      rect(x + 1, y + 1, width - 2, height - 2, `rx="3" fill="none" stroke="${colour}" stroke-width="2"`),
      text(middle, y + 33, abstained ? "not sure" : label, `l m h${abstained ? " n" : ""}`),
      text(middle, y + 56, abstained ? `${label}?` : share, "m h wide"),
      text(middle, y + 62, share, "m small h"),
    ];
  });
  return [...gutter(y + height / 2, "decision", "and how sure"), ...cells];
}

function ladder(data: Instrument): string[] {
  const { rungs } = data;
  const rungY = (rung: number) => RUNG.y + (rungs.length - 1 - rung) * (RUNG.height + RUNG.gap);
  const boxes = data.decisions.flatMap(({ answeredBy, rungUj }, i) => {
    const [x, width] = column(i, data);
    return rungs.flatMap((_, rung) => {
      const y = rungY(rung);
      if (rung > answeredBy)
        return [rect(x + 1, y + 1, width - 2, RUNG.height - 2, `rx="4" fill="none" stroke="${TOKENS.line}" stroke-dasharray="3 4"`)];
      const answered = rung === answeredBy;
      const uj = `${formatUj(rungUj[rung])} µJ`;
      const style = answered ? `fill="${TOKENS.accent}"` : `fill="${TOKENS.panel}" stroke="${TOKENS.accent}" stroke-width="2"`;
      return [
        rect(x + 1, y + 1, width - 2, RUNG.height - 2, `rx="4" ${style}`),
        text(x + width / 2, y + 25, `${answered ? "answers" : "asked"}, ${uj}`, `m wide${answered ? " w" : ""}`),
        text(x + width / 2, y + 28, uj, `m small${answered ? " w" : ""}`),
        ...(answered ? [] : [arrow(x + width / 2 - 34, y), text(x + width / 2 - 22, y - 5, "escalates", "a wide")]),
      ];
    });
  });
  return [
    text(LEFT, RUNG.y - 14, "answered by", ""),
    ...rungs.flatMap(({ name, weights }, rung) => gutter(rungY(rung) + RUNG.height / 2, name, weights)),
    ...boxes,
  ];
}

/** Energy of each decision on one scale: the networks' part is as thin as it is. */
function energy(data: Instrument, y: number): string[] {
  const totals = data.decisions.map(({ frontEndUj, rungUj }) => frontEndUj + sum(rungUj));
  const most = Math.max(...totals);
  const bars = data.decisions.flatMap(({ frontEndUj, rungUj }, i) => {
    const [x, width] = column(i, data);
    const scale = width / most;
    return [
      rect(x, y, frontEndUj * scale, 14, `fill="${TOKENS.secondInk}"`),
      rect(x + frontEndUj * scale, y, sum(rungUj) * scale, 14, `fill="${TOKENS.accent}"`),
      text(x, y + 34, `${(totals[i] / 1000).toFixed(1)} mJ`, "wide"),
      text(x + width, y + 34, `networks ${formatShare(sum(rungUj) / totals[i])}`, "a e wide"),
      text(x, y + 42, `${(totals[i] / 1000).toFixed(1)} mJ`, "small"),
    ];
  });
  return [...gutter(y + 9, "energy", "modelled"), ...bars];
}

const SPENT_COLOURS = [TOKENS.secondInk, TOKENS.accent, "#8f949d", "#c4c7cc"] as const;

function battery({ battery: { title, days, spent } }: Instrument, y: number): string[] {
  const at = (value: number) => LEFT + ((RIGHT - LEFT) * value) / days.p90;
  const [low, middle] = [days.p10, days.p50].map(at);
  const high = RIGHT - 1.25;
  let x = LEFT;
  let legendX = LEFT;
  const parts = spent.flatMap(({ name, share }, i) => {
    const width = (middle - LEFT) * share;
    const label = `${name} ${formatShare(share)}`;
    const part = [
      rect(x, y, width, 30, `fill="${SPENT_COLOURS[i]}"`),
      rect(legendX, y + 45, 11, 11, `class="wide" fill="${SPENT_COLOURS[i]}"`),
      text(legendX + 17, y + 55, label, "s wide"),
    ];
    x += width;
    legendX += 8 * label.length + 36;
    return part;
  });
  const range = `${title}; ${roundDays(days.p10)} to ${roundDays(days.p90)} for 8 of 10 devices`;
  return [
    `<text x="${LEFT}" y="${y - 12}"><tspan class="l">${roundDays(days.p50)} days</tspan><tspan class="s wide"> on ${escapeXml(range)}</tspan><tspan class="s small"> modelled</tspan></text>`,
    ...gutter(y + 15, "battery", "modelled"),
    ...parts,
    text(LEFT + 10, y + 23, `${spent[0].name} ${formatShare(spent[0].share)}`, "w small"),
    line(low, y + 15, high, y + 15, 2.5),
    line(low, y + 5, low, y + 25, 2.5),
    line(high, y + 5, high, y + 25, 2.5),
  ];
}

// ---- pieces ----

/** Two lines of text left of a row, around `y`. */
function gutter(y: number, first: string, second: string): string[] {
  return [text(22, y - 2, first, "wide"), text(22, y + 15, second, "s wide"), text(22, y + 8, first, "small")];
}

function text(x: number, y: number, content: string, kind: string): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" class="${kind.trim()}">${escapeXml(content)}</text>`;
}

function rect(x: number, y: number, width: number, height: number, style: string): string {
  return `<rect x="${fixed(x)}" y="${fixed(y)}" width="${fixed(width)}" height="${fixed(height)}" ${style}/>`;
}

function line(x1: number, y1: number, x2: number, y2: number, width = 1): string {
  return `<path d="M${fixed(x1)} ${fixed(y1)}L${fixed(x2)} ${fixed(y2)}" stroke="${TOKENS.ink}" stroke-width="${width}"/>`;
}

/** From the rung at `y` to the next: escalation is climbing. */
function arrow(x: number, y: number): string {
  const d = `M${fixed(x)} ${fixed(y - 1)}V${fixed(y - RUNG.gap + 3)}m-5 6l5-6l5 6`;
  return `<path d="${d}" fill="none" stroke="${TOKENS.accent}" stroke-width="2"/>`;
}

function hatch(): string {
  const pattern = `<pattern id="hatch" width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">`;
  return `<defs>${pattern}<rect width="9" height="9" fill="#ffffff"/><rect width="3" height="9" fill="${TOKENS.notSure}" fill-opacity="0.35"/></pattern></defs>`;
}

const fixed = (value: number) => Number(value.toFixed(2));
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
/** Three digits, the model has no more. */
const formatUj = (uj: number) => `${Number(uj.toPrecision(3))}`;
const formatShare = (share: number) => `${Number((100 * share).toPrecision(share < 0.1 ? 1 : 2))} %`;
const roundDays = (days: number) => `${Number(days.toPrecision(2))}`;
