/** What a call does, read back from the bytes that are sent. */
import { type Abi, type AbiParameter, decodeFunctionData, getAbiItem, hexToString, isHex, keccak256, size } from "viem";
import { atomaGovernorAbi } from "../../sdk/abi/atoma-governor.ts";
import { atomaTokenAbi } from "../../sdk/abi/atoma-token.ts";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import { emissionsAbi } from "../../sdk/abi/emissions.ts";
import { erc20Abi } from "../../sdk/abi/erc20.ts";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import type { Call } from "../../sdk/client/send.ts";
import { requestIdOf } from "../../sdk/words/request-id.ts";
import type { RequestWords } from "../../sdk/words/request.ts";
import { formatAmount } from "./amounts.ts";
import type { Session, Token } from "./session.ts";

/** A call in words: which contract and function, and the arguments by name; `exact` has amounts in the smallest unit. */
export type Described = {
  readonly contract: string;
  readonly to: string;
  readonly function: string;
  readonly arguments: readonly { readonly name: string; readonly value: string; readonly exact: string }[];
};

type Target = { readonly name: string; readonly abi: Abi; readonly token: Token };

const targetOf = ({ instance, context, tokens }: Session, to: string): Target => {
  const { payment, stake } = tokens;
  const is = (address: string): boolean => address.toLowerCase() === to.toLowerCase();
  if (is(instance.escrow)) return { name: "request escrow", abi: requestEscrowAbi, token: payment };
  if (is(instance.nodeRegistry)) return { name: "node registry", abi: nodeRegistryAbi, token: stake };
  if (is(instance.taskRegistry)) return { name: "task registry", abi: taskRegistryAbi, token: stake };
  if (is(instance.disputes)) return { name: "disputes", abi: disputesAbi, token: payment };
  if (is(instance.governor ?? "")) return { name: "governor", abi: atomaGovernorAbi, token: stake };
  if (is(instance.emissions ?? "")) return { name: "emissions", abi: emissionsAbi, token: stake };
  if (is(context.deployment.token)) return { name: "payment token", abi: erc20Abi, token: payment };
  return { name: "stake token", abi: atomaTokenAbi, token: stake };
};

const amounts = new Set(["amount", "value", "stakePerNode"]);
const longest = 66;

const valueOf = ({ name = "" }: AbiParameter, value: unknown, session: Session, token: Token): string => {
  const { tokens } = session;
  if (typeof value === "bigint" && amounts.has(name)) return formatAmount(value, token);
  if (typeof value === "bigint" && name === "tip") return formatAmount(value, tokens.payment);
  if (name === "kind" && isHex(value)) return hexToString(value, { size: 32 });
  if (Array.isArray(value) && value.some((one) => typeof one === "object")) return `${value.length} entries`;
  if (Array.isArray(value)) return value.map((one) => valueOf({ type: "" }, one, session, token)).join(", ");
  if (isHex(value) && value.length > longest) return `${size(value)} bytes, keccak256 ${keccak256(value)}`;
  return String(value);
};

type Argument = Described["arguments"][number];

/** Fields of a tuple stand for themselves; the words of a request for its id. */
const argumentsOf = (parameter: AbiParameter, value: unknown, session: Session, token: Token): readonly Argument[] => {
  if (!("components" in parameter) || typeof value !== "object" || value === null) {
    const shown = valueOf(parameter, value, session, token);
    return [{ name: parameter.name ?? "", value: shown, exact: typeof value === "bigint" ? `${value}` : shown }];
  }
  if (parameter.name === "request_") {
    const id = requestIdOf(session.context.deployment, value as RequestWords);
    return [{ name: "request", value: id, exact: id }];
  }
  const fields = value as Readonly<Record<string, unknown>>;
  return parameter.components.flatMap((part) => argumentsOf(part, fields[part.name ?? ""], session, token));
};

/** The call in words. */
export const describeCall = (session: Session, { to, data }: Call): Described => {
  const { name: contract, abi, token } = targetOf(session, to);
  const { functionName, args = [] } = decodeFunctionData({ abi, data });
  const item = getAbiItem({ abi, name: functionName, args });
  const inputs = item?.type === "function" ? item.inputs : [];
  const all = inputs.flatMap((input, i) => argumentsOf(input, args[i], session, token));
  return { contract, to, function: functionName, arguments: all };
};
