// A study's result as one HTML page and one Markdown file. The same result gives the same bytes; what was measured by the wall clock
// stands between two marks (withoutWallTimes cuts it out).

import type { TopLevelSpec } from "vega-lite";
import type { DeviceProfile } from "../../host/meter/device.ts";
import { loadDevice } from "../../host/meter/devices.ts";
import { plotSvg } from "../../host/plot.ts";
import * as charts from "./report/charts.ts";
import { claims } from "./report/claims.ts";
import { type Context, contextOf } from "./report/context.ts";
import { type Block, toHtml, toMarkdown } from "./report/document.ts";
import { defaultModel, headlinePair, isCurious, modelNamed, PROBE_FIRST, SINGLE_4, SINGLE_16, TERNARY } from "./report/names.ts";
import type { Model } from "./report/runs.ts";
import * as tables from "./report/tables.ts";
import { RULE } from "./report/verdict.ts";
import type { StudyResult } from "./result.ts";

export { withoutWallTimes } from "./report/document.ts";

const heading = (level: 1 | 2 | 3, text: string): Block => ({ kind: "heading", level, text });
const paragraph = (text: string): Block => ({ kind: "text", text });

/**
 * Writes the report of a study, whatever is missing from it.
 * @param device the profile that the result's cycles are modelled for
 * @throws QurioError DEVICE_UNKNOWN, DEVICE_PROFILE when the result names a device that is not there
 */
export async function writeReport(
  result: StudyResult,
  device: DeviceProfile = loadDevice(result.device),
): Promise<{ html: string; markdown: string }> {
  const context = contextOf(result, device);
  const title = `Study of ${result.data.name}`;
  const blocks: Block[] = [heading(1, title), ...passport(context)];
  if (context.models.length === 0) blocks.push(paragraph("No model was judged: nothing can be said."));
  else
    blocks.push(...claimsPart(context), ...rowsPart(context), ...testsPart(context), ...(await plots(context)), ...(await wall(context)));
  return { html: toHtml(title, blocks), markdown: toMarkdown(blocks) };
}

function passport({ result, device, models }: Context): Block[] {
  const { data, features, seeds, hidden, epochs, failures } = result;
  const frontEnd = models[0]?.runs[0]?.frontEnd.cycles ?? 0;
  const about = [
    `Data: ${data.name}, ${data.clips} clips, ${data.labels.length} classes, folds ${data.folds.join(", ")} (sha-256 ${data.sha256.slice(0, 16)}).`,
    `Features: ${features}. Networks: hidden layers ${hidden.join(" and ")}, ${epochs} epochs, seeds ${seeds.join(", ")}.`,
    `Decisions were made by the packed kernels of the WASM core. Cycles and energies are modelled for ${device.title} from exact operation counts.`,
    frontEnd > 0
      ? "Energies come twice: network only (router and experts) and whole decision (with the front end)."
      : "Features were given, so no front end is counted: the whole decision is the network.",
  ];
  const failed = failures.map(({ seed, fold, error }) => `seed ${seed}, fold ${fold}: ${error}`);
  return [
    paragraph(about.join(" ")),
    { kind: "table", head: ["command"], rows: [[result.command]] },
    ...(failed.length > 0 ? [paragraph(`Failed and left out: ${failed.join("; ")}.`)] : []),
  ];
}

function claimsPart(context: Context): Block[] {
  return [
    heading(2, "Claims, one by one"),
    paragraph(RULE),
    paragraph(
      "Intervals are of what clips, folds and seeds change. That cycles are modelled, to about 20 %, is not in them; ratios of similar code are better than that.",
    ),
    {
      kind: "table",
      head: ["claim", "the paper", "ours", "verdict", "rule"],
      rows: claims(context).map(({ claim, paper, ours, verdict, rule }) => [claim, paper, ours, verdict, rule]),
    },
  ];
}

function rowsPart(context: Context): Block[] {
  const { device } = context;
  return [
    heading(2, "All models"),
    heading(3, "Accuracy and size"),
    paragraph(
      "F1 is weighted by class and averaged over seeds and folds. Its interval is a bootstrap's (BCa, 2000 resamples): folds are drawn, then clips in them, all seeds of a clip together.",
    ),
    tables.qualityTable(context),
    heading(3, "Cycles per decision (modelled)"),
    tables.cyclesTable(context),
    heading(3, "Energy per decision (modelled)"),
    paragraph(
      `Of ${device.name}. A range is that of the board's energy per cycle; intervals of F1 per mJ are the bootstrap's and do not contain it.`,
    ),
    tables.energyTable(context),
    heading(3, "Knowing what it does not know"),
    paragraph(
      "AUROC: chance that a wrong answer is less sure than a right one, with DeLong's interval clustered by clip. AURC and AUGRC order answers by entropy; 0 is best. Coverage: share answered with the conformal threshold that the other folds set for at most 5 % answered and wrong; beside it what was reached.",
    ),
    tables.uncertaintyTable(context),
    heading(3, "Sound of no class"),
    paragraph("A false alarm is a window of no class that the model answers instead of abstaining; 720 windows of 5 s are an hour."),
    tables.outsideTable(context),
  ];
}

function testsPart(context: Context): Block[] {
  const f1 = tables.comparisonTable(context, "f1");
  const cycles = tables.comparisonTable(context, "cycles");
  const routing = tables.routingTable(context);
  const pair = headlinePair(context.models);
  const curve = pair && tables.varianceTable(pair[1]);
  const blocks: Block[] = [heading(2, "Tests")];
  if (f1 && cycles) {
    blocks.push(
      paragraph(
        `Each model against ${SINGLE_4}, paired by seed and fold. The corrected t-test is Nadeau and Bengio's for overlapping training sets; Wilcoxon's signed-rank test is uncorrected. Holm's adjustment is over all rows of a table: one family for each measure. d_z is the mean over the standard deviation of the differences, ∞ where all runs differ alike. Energy is proportional to cycles and has the same tests.`,
      ),
      heading(3, "F1"),
      f1,
      heading(3, "Network cycles, and with them modelled latency and energy"),
      cycles,
    );
  } else blocks.push(paragraph(`Comparisons need ${SINGLE_4} and another model.`));
  if (routing) {
    blocks.push(
      heading(3, "Curiosity against the plain router"),
      paragraph(
        "Network cycles of a decision, nothing padded. p is the largest over the seeds, so that a clip counts once; Holm's family is the column. A ratio is ∞ where the plain router always costs the same.",
      ),
      routing,
    );
  }
  if (curve) {
    blocks.push(
      heading(3, "Steadier without curiosity"),
      paragraph(
        `${pair[1].name}: what capping the costliest expert's share, or padding decisions to a bound, makes of mean and spread. Computed from costs; F1 under a cap is not known.`,
      ),
      curve,
    );
  }
  return blocks;
}

async function chartBlock(caption: string, spec: TopLevelSpec | null): Promise<Block[]> {
  return spec ? [{ kind: "chart", caption, svg: await plotSvg(spec) }] : [];
}

/** Models that lines are drawn of: all would hide each other. */
function shownModels({ models }: Context): Model[] {
  const names = [SINGLE_16, SINGLE_4, TERNARY, PROBE_FIRST];
  const named = [...names.flatMap((name) => modelNamed(models, name) ?? []), ...(headlinePair(models) ?? [])];
  return named.length > 0 ? named : models.slice(0, 6);
}

function routers({ models }: Context): Model[] {
  return models.filter(({ runs }) => runs.some(({ answerers }) => answerers.length > 1));
}

async function plots(context: Context): Promise<Block[]> {
  const { models, device, result } = context;
  const focus = defaultModel(models) ?? models[0]!;
  const curious = headlinePair(models)?.[0] ?? models.find(({ name }) => isCurious(name));
  const modelledUs = ({ cycles }: { cycles: number }) => cycles / device.clock.value;
  const routing = routers(context);
  return [
    heading(2, "Plots"),
    ...(await chartBlock("F1 against modelled energy; the line joins rows that none beats in both.", charts.paretoChart(context))),
    ...(await chartBlock(
      "Modelled time of the network of each router's decisions; a circle is as large as its share.",
      routing.length > 0 ? charts.latencyChart(routing, "modelled network time, us", modelledUs) : null,
    )),
    ...(await chartBlock("Risk against coverage, refusing by entropy.", charts.riskChart(shownModels(context)))),
    ...(await chartBlock(
      "Reliability: on the dashed line a probability means what it says.",
      charts.reliabilityChart([...new Set([focus, modelNamed(models, SINGLE_4) ?? focus, curious ?? focus])]),
    )),
    ...(await chartBlock(
      `Uncertainty of right and of wrong answers, ${focus.name}.`,
      charts.entropyChart(focus, result.data.labels.length),
    )),
    ...(await chartBlock(`Uncertainty by class, ${focus.name}: quartiles, least and most.`, charts.classChart(focus, result.data.labels))),
    ...(await chartBlock(
      "Spread against mean of a router's cost when the costliest expert is capped or decisions are padded.",
      curious ? charts.varianceChart(curious, headlinePair(models)?.[1] ?? null) : null,
    )),
  ];
}

/** Everything of the wall clock, between its marks. */
async function wall(context: Context): Promise<Block[]> {
  const compared = tables.comparisonTable(context, "latency");
  const routing = routers(context);
  return [
    { kind: "wall", open: true },
    heading(2, "Wall time of the network (measured)"),
    paragraph("On the machine that ran the study, module as shipped, warm. Differs from run to run; nothing above depends on it."),
    tables.wallTable(context),
    ...(compared ? [heading(3, "Tests of wall time"), compared] : []),
    ...(await chartBlock(
      "Measured time of the network of each router's decisions.",
      routing.length > 0 ? charts.latencyChart(routing, "measured network time, us", ({ latencyUs }) => latencyUs) : null,
    )),
    { kind: "wall", open: false },
  ];
}
