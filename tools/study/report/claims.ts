// The paper's claims (arXiv 2511.11743) and this project's own goals, one by one, judged from intervals by the rule of verdict.ts.

import type { Claim } from "./claim.ts";
import { costClaims } from "./claims_cost.ts";
import { qualityClaims } from "./claims_quality.ts";
import { routingClaims } from "./claims_routing.ts";
import type { Context } from "./context.ts";

export function claims(context: Context): Claim[] {
  return [...qualityClaims(context), ...costClaims(context), ...routingClaims(context)];
}
