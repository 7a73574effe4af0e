/** What fills a need, for the outbox. */
import { keccak256 } from "viem";
import type { Instance } from "../chain/instance.ts";
import type { Intent } from "../runtime/tx-types.ts";
import type { Need } from "./needs.ts";

/** One key for each content: two passes, or two jobs, send it once. */
export const intentOfNeed = (
  { collateral, quoteVerifier }: Pick<Instance, "collateral" | "quoteVerifier">,
  need: Need,
): Intent => ({
  contract: need.to === "collateral" ? collateral : quoteVerifier,
  subject: `${need.kind}:${keccak256(need.data)}:${need.kind === "pck" ? need.after : 0}`,
  action: "register",
  data: need.data,
});
