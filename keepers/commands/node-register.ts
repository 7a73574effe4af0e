import { Command } from "commander";
import { parseEventLogs } from "viem";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { registerNodeCall } from "../../sdk/client/register-node.ts";
import { rotateSignerCall } from "../../sdk/client/rotate-signer.ts";
import { setEndpointCall } from "../../sdk/client/set-endpoint.ts";
import { act, type SendingOptions } from "../cli/act.ts";
import { type ConsentOptions, obtainConsent } from "../cli/consent.ts";
import type { Io } from "../cli/io.ts";
import { consenting, nodeArgument, sending } from "../cli/options.ts";
import { UsageError } from "./usage-error.ts";

const maxEndpointBytes = 256;

/** The endpoint, if other members could use it. */
const checkEndpoint = (endpoint: string): string => {
  const isHttp = URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol);
  if (!isHttp) throw new UsageError("--endpoint must be an http or https URL that other members can reach.");
  if (new TextEncoder().encode(endpoint).length > maxEndpointBytes)
    throw new UsageError(`--endpoint has more than ${maxEndpointBytes} bytes: use a shorter URL.`);
  return endpoint;
};

/** `atoma node register`: a new node of the wallet's account. */
export function nodeRegisterCommand(io: Io): Command {
  const command = new Command("register")
    .description(
      "Registers a node. Its owner is the key that pays, which stays cold; the hot key signs for it and consents",
    )
    .requiredOption("--endpoint <url>", "base URL of the node's committee endpoint");
  return consenting(sending(command)).action(async (options: SendingOptions & ConsentOptions & { endpoint: string }) =>
    io.exit(await register(io, options)),
  );
}

const register = (io: Io, options: SendingOptions & ConsentOptions & { endpoint: string }): Promise<number> =>
  act(io, options, async (session, { address }) => {
    const endpoint = checkEndpoint(options.endpoint);
    const consent = await obtainConsent(io, session, address, options);
    const call = registerNodeCall(session.context.deployment, { ...consent, endpoint });
    return {
      plan: { title: `Register a node of ${address} that signs with ${consent.signer}:`, calls: [call] },
      done: ([receipt]) => {
        const logs = parseEventLogs({ abi: nodeRegistryAbi, logs: receipt?.logs ?? [], eventName: "NodeRegistered" });
        const nodeId = logs[0]?.args.nodeId;
        return {
          sentence: `Node ${nodeId} is registered. Next: atoma stake deposit ${nodeId} --amount AMOUNT, then atoma node subscribe ${nodeId} --task TASK --ask PRICE.`,
          nodeId,
          signer: consent.signer,
        };
      },
    };
  });

/** `atoma node rotate`: another hot key. */
export function nodeRotateCommand(io: Io): Command {
  const command = new Command("rotate")
    .description("Replaces a node's hot key; after jail this releases the node. The new key consents")
    .addArgument(nodeArgument());
  return consenting(sending(command)).action(async (nodeId: bigint, options: SendingOptions & ConsentOptions) =>
    io.exit(
      await act(io, options, async (session, { address }) => {
        const consent = await obtainConsent(io, session, address, options);
        const call = rotateSignerCall(session.context.deployment, { nodeId, ...consent });
        return {
          plan: { title: `Make ${consent.signer} the hot key of node ${nodeId}:`, calls: [call] },
          done: () => ({
            sentence: `Node ${nodeId} signs with ${consent.signer} now.`,
            nodeId,
            signer: consent.signer,
          }),
        };
      }),
    ),
  );
}

/** `atoma node set-endpoint`: another URL. */
export function nodeEndpointCommand(io: Io): Command {
  const command = new Command("set-endpoint")
    .description("Says where other members reach the node")
    .addArgument(nodeArgument())
    .requiredOption("--endpoint <url>", "base URL of the node's committee endpoint");
  return sending(command).action(async (nodeId: bigint, options: SendingOptions & { endpoint: string }) =>
    io.exit(
      await act(io, options, async (session) => {
        const endpoint = checkEndpoint(options.endpoint);
        const call = setEndpointCall(session.context.deployment, { nodeId, endpoint });
        return {
          plan: { title: `Set the endpoint of node ${nodeId}:`, calls: [call] },
          done: () => ({ sentence: `Node ${nodeId} is reached at ${endpoint} now.`, nodeId, endpoint }),
        };
      }),
    ),
  );
}
