import { localEvidenceSeed } from "../../deploy/local/world.ts";
import type { Demo } from "./run.ts";

/** What can be done with the network while it is up. */
export function nextSteps({ chain, stage, cast }: Demo): string {
  const { claims } = stage;
  const { instance, paymentToken } = stage.world;
  const call = { jsonrpc: "2.0", id: 1, method: "eth_blockNumber", params: [] };
  const [endpoint = ""] = cast.endpoints;
  return [
    "",
    "The network stays up until Ctrl-C: a block a second, ten keepers at work.",
    "",
    `  chain (id 31337)    ${chain.url}`,
    `  escrow              ${instance.escrow}`,
    `  node registry       ${instance.nodeRegistry}`,
    `  task registry       ${instance.taskRegistry}`,
    `  TEE registry        ${instance.teeRegistry}`,
    `  workload            ${stage.workloadId}, of evidence made up from the seed "${localEvidenceSeed}"`,
    `  payment token       ${paymentToken} (anyone can mint)`,
    `  fold consumer       ${stage.consumers.fold}`,
    `  rate consumer       ${stage.consumers.rate}`,
    ...(claims === undefined
      ? []
      : [`  claim desk          ${claims.desk}, which asks the model behind ${claims.model.url}/v1`]),
    `  keepers' metrics    ${cast.opsUrls.map((url) => `${url}/metrics`).join("\n                      ")}`,
    "",
    "Try, in another terminal:",
    `  curl -s -H 'content-type: application/json' -d '${JSON.stringify(call)}' ${chain.url}`,
    `  curl -s ${cast.opsUrls[0] ?? ""}/readyz`,
    `  curl -s ${endpoint}/v1/requests/REQUEST_ID    what the first node's committee said about a request`,
    "",
    "Where to go from here: README.md, and docs/ for consumers and operators.",
  ].join("\n");
}
