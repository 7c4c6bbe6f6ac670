// A report as a list of blocks, written as one HTML page without scripts or as Markdown.

import { VERDICTS } from "./verdict.ts";

export type Block =
  | { kind: "heading"; level: 1 | 2 | 3; text: string }
  | { kind: "text"; text: string }
  | { kind: "table"; head: string[]; rows: string[][] }
  /** A whole SVG document; Markdown has its caption only. */
  | { kind: "chart"; caption: string; svg: string }
  /** Wall times stand between an opening and a closing one, nothing else does. */
  | { kind: "wall"; open: boolean };

const WALL = { open: "<!-- wall times: measured, different in every run -->", close: "<!-- end of wall times -->" };

/** A report without what two runs of the same study differ in. */
export function withoutWallTimes(report: string): string {
  const parts = report.split(WALL.open);
  return (
    parts[0]! +
    parts
      .slice(1)
      .map((part) => part.slice(part.indexOf(WALL.close) + WALL.close.length))
      .join("")
  );
}

export function toMarkdown(blocks: readonly Block[]): string {
  return `${blocks.map(markdownOf).join("\n\n")}\n`;
}

function markdownOf(block: Block): string {
  switch (block.kind) {
    case "heading":
      return `${"#".repeat(block.level)} ${block.text}`;
    case "text":
      return block.text;
    case "table": {
      const line = (cells: readonly string[]) =>
        `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
      return [line(block.head), line(block.head.map(() => "---")), ...block.rows.map(line)].join("\n");
    }
    case "chart":
      return `_${block.caption} (drawn in the HTML page)_`;
    case "wall":
      return block.open ? WALL.open : WALL.close;
  }
}

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; color: #1d2733; background: #fff; max-width: 1180px; margin: 2rem auto; padding: 0 1.2rem; }
  h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 2.6rem; border-bottom: 1px solid #d7dde4; padding-bottom: .3rem; } h3 { margin-top: 1.8rem; }
  p { max-width: 52rem; }
  .wide { overflow-x: auto; margin: 1rem 0; }
  table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
  th, td { padding: .3rem .6rem; border-bottom: 1px solid #e6eaef; text-align: left; vertical-align: top; }
  th { background: #f4f6f9; } td.number { text-align: right; white-space: nowrap; } td:first-child { white-space: nowrap; }
  .claims td:first-child { white-space: normal; }
  td.v0 { color: #14692f; font-weight: 600; } td.v1 { color: #a3211c; font-weight: 600; } td.v2 { color: #80560b; font-weight: 600; } td.v3 { color: #56616e; }
  figure { margin: 1.2rem 0; } figure svg { max-width: 100%; height: auto; } figcaption { font-size: 13px; color: #56616e; max-width: 52rem; }
`;

export function toHtml(title: string, blocks: readonly Block[]): string {
  return [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(title)}</title>`,
    `<style>${STYLE}</style></head><body>`,
    ...blocks.map(htmlOf),
    "</body></html>\n",
  ].join("\n");
}

function htmlOf(block: Block): string {
  switch (block.kind) {
    case "heading":
      return `<h${block.level}>${escaped(block.text)}</h${block.level}>`;
    case "text":
      return `<p>${escaped(block.text)}</p>`;
    case "table":
      return tableHtml(block.head, block.rows);
    case "chart":
      return `<figure>${block.svg}<figcaption>${escaped(block.caption)}</figcaption></figure>`;
    case "wall":
      return block.open ? WALL.open : WALL.close;
  }
}

function tableHtml(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const judged = head.includes("verdict");
  const cell = (text: string) => {
    const verdict = (VERDICTS as readonly string[]).indexOf(text);
    const isNumber = !judged && /^[-<–∞\d]/.test(text) && text.length < 40;
    const kind = verdict >= 0 ? `v${verdict}` : isNumber ? "number" : "";
    return `<td${kind ? ` class="${kind}"` : ""}>${escaped(text)}</td>`;
  };
  const body = rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("\n");
  const claims = judged ? ' class="claims"' : "";
  return `<div class="wide"><table${claims}><thead><tr>${head.map((text) => `<th>${escaped(text)}</th>`).join("")}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
