import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { type Address, bytesToHex, type Hex, keccak256, stringToHex, type TransactionReceipt } from "viem";
import { depositCall } from "../../sdk/client/deposit.ts";
import { madeRequests } from "../../sdk/client/made-request.ts";
import { requestByUriCall } from "../../sdk/client/request-by-uri.ts";
import { type RequestInput, tipFloor } from "../../sdk/client/request-params.ts";
import { requestCall } from "../../sdk/client/request.ts";
import type { Call } from "../../sdk/client/send.ts";
import { lockUp } from "../../sdk/money/lock.ts";
import { type SendingOptions, say } from "../cli/act.ts";
import { formatAmount, formatAsk, parseAmount, parseAsk } from "../cli/amounts.ts";
import { type Io, processIo } from "../cli/io.ts";
import { counting, parseCount, sending, taskArgument } from "../cli/options.ts";
import { perform, type Plan } from "../cli/perform.ts";
import { pullCalls } from "../cli/pull.ts";
import { checkWritable } from "../cli/output-file.ts";
import { escrowOf, readPool, readTask, type TaskFacts } from "../cli/reads.ts";
import { chooseK, chooseMaxAsk, warningsOf } from "../cli/request-plan.ts";
import { checkScheme } from "../cli/scheme.ts";
import { openSession, type Session } from "../cli/session.ts";
import { openWallet } from "../cli/wallet.ts";
import { watchRequest } from "../cli/watch-request.ts";
import { UsageError } from "./usage-error.ts";

type Options = SendingOptions & {
  readonly units: bigint;
  readonly k?: bigint;
  readonly quorum?: bigint;
  readonly maxAsk?: string;
  readonly tip?: string;
  readonly input?: string;
  readonly inputHex?: Hex;
  readonly inputFile?: string;
  readonly inputUri?: string;
  readonly inputDigest?: Hex;
  readonly challengeWindow: bigint;
  readonly acceptNoPanel?: boolean;
  readonly deposit?: boolean;
  readonly wait?: boolean;
  readonly timeout: bigint;
  readonly outputFile?: string;
};

const mostInline = 100_000;

const parseHex = (text: string): Hex => {
  if (/^0x([0-9a-fA-F]{2})*$/.test(text)) return text as Hex;
  throw new InvalidArgumentError("It must be 0x and hex digits, two for each byte.");
};

/** `atoma request`: asks for one computation, from a wallet. */
export function requestCommand(io: Io = processIo): Command {
  const command = new Command("request")
    .description(
      "Asks a committee for a computation. With --wait, exit status 0 if it was answered, 1 if it was refunded or failed,\n" +
        "2 if it did not end or could not be made",
    )
    .addArgument(taskArgument())
    .requiredOption("--units <count>", "units of work to pay for; execution stops there", parseCount)
    .option("--input <text>", "the input as text")
    .option("--input-hex <hex>", "the input as bytes", parseHex)
    .option("--input-file <file>", "the input from a file")
    .option("--input-uri <uri>", "where members fetch the input; with --input-file or --input-digest")
    .option("--input-digest <hex>", "keccak256 of the input at --input-uri", parseHex)
    .option("--k <count>", "committee size; 10, or fewer in a small pool", parseCount)
    .option("--quorum <count>", "members that must agree; two thirds and one by default", parseCount)
    .option("--max-ask <amount>", "most to pay per unit and node, in whole tokens; chosen from the pool")
    .option("--tip <amount>", "for whoever settles, in whole tokens; the least possible by default")
    .addOption(counting("--challenge-window <seconds>", "between answer and payment; one node alone needs some", 0n))
    .option("--accept-no-panel", "go on where the pool is too small to judge a dispute")
    .option("--deposit", "deposit what the account lacks")
    .option("--wait", "wait until it ends, and print the answer")
    .addOption(counting("--timeout <seconds>", "of --wait; 0 waits without end", 0n))
    .option("--output-file <file>", "write the output's bytes there, with --wait");
  return sending(command).action(async (taskId: bigint, options: Options) =>
    io.exit(await request(io, taskId, options)),
  );
}

const request = async (io: Io, taskId: bigint, options: Options): Promise<number> => {
  checkWaiting(options);
  const input = inputOf(options);
  const session = await openSession(io, options);
  const signer = await openWallet(io, session, options);
  const task = await readTask(session, taskId);
  checkNotEmpty(task, input);
  const asked = await askedOf(session, task, options);
  const plan = await planOf(session, signer.address, asked, input, options.deposit === true);
  const receipts = await perform(io, session, signer, plan, options);
  return receipts === undefined ? 0 : finish(io, session, receipts, options);
};

/** What is of use with --wait alone, looked at before anything is paid. */
const checkWaiting = ({ wait, timeout, outputFile }: Options): void => {
  if (wait !== true && (outputFile !== undefined || timeout !== 0n))
    throw new UsageError("--output-file and --timeout are of --wait: add --wait, or leave them out.");
  if (outputFile !== undefined) checkWritable(outputFile);
};

const checkNotEmpty = ({ taskId, kind }: TaskFacts, input: Input): void => {
  if ("input" in input && input.input === "0x" && (kind === "chat" || kind === "completion"))
    throw new UsageError(`The input is empty, and task ${taskId} is of kind ${kind}: give some text.`);
};

/** Bytes, or the place where they are. */
type Input = { readonly input: Hex } | { readonly uri: string; readonly inputDigest: Hex };

const readBytes = (file: string): Hex => {
  try {
    return bytesToHex(readFileSync(file));
  } catch (cause) {
    throw new UsageError(`--input-file ${file} cannot be read: check the path.`, { cause });
  }
};

const inputOf = ({ input, inputHex, inputFile, inputUri, inputDigest }: Options): Input => {
  const given = [
    ...(input === undefined ? [] : [stringToHex(input)]),
    ...(inputHex === undefined ? [] : [inputHex]),
    ...(inputFile === undefined ? [] : [readBytes(inputFile)]),
  ];
  const [bytes, second] = given;
  if (second !== undefined) throw new UsageError("Give one of --input, --input-hex and --input-file.");
  if (inputUri !== undefined) {
    checkScheme("--input-uri", inputUri, ["data", "http", "https"]);
    const digest = bytes === undefined ? inputDigest : keccak256(bytes);
    if (digest?.length === 66 && (bytes === undefined || inputDigest === undefined))
      return { uri: inputUri, inputDigest: digest };
    throw new UsageError(
      "With --input-uri, give the input in --input-file, or its 32 bytes of keccak256 in --input-digest.",
    );
  }
  if (bytes === undefined || inputDigest !== undefined)
    throw new UsageError("Give the input: --input TEXT, --input-hex, --input-file, or --input-uri with its digest.");
  if (bytes.length / 2 > mostInline)
    throw new UsageError(
      `The input has more than ${mostInline} bytes, too many for a transaction: publish it, and add --input-uri.`,
    );
  return { input: bytes };
};

type Asked = {
  readonly params: RequestInput & { readonly tip: bigint };
  readonly lock: bigint;
  readonly price: string;
  readonly warnings: readonly string[];
};

/** Fills in what the options leave open, and computes the price. */
const askedOf = async (session: Session, task: TaskFacts, options: Options): Promise<Asked> => {
  const { payment } = session.tokens;
  const pool = await readPool(session, task);
  const acceptNoPanel = options.acceptNoPanel === true;
  const k = options.k ?? chooseK(pool.length, acceptNoPanel);
  const { maxAsk: text, quorum, units, challengeWindow: challengeWindowS } = options;
  const maxAsk = text === undefined ? chooseMaxAsk(pool, k) : parseAsk(text, payment, task.askExponent, "--max-ask");
  const tip = options.tip === undefined ? await tipFloor(session.context) : parseAmount(options.tip, payment, "--tip");
  const [, , { protocolFee }] = await session.context.publicClient.readContract({
    ...escrowOf(session),
    functionName: "parameters",
  });
  const terms = {
    askExponent: BigInt(task.askExponent),
    royaltyBps: BigInt(task.royaltyBps),
    protocolFeeBps: BigInt(protocolFee),
  };
  const lock = lockUp({ k, maxAsk, units, tip, ...terms });
  const work = lock - tip;
  const price = formatAsk(maxAsk, payment, task.askExponent);
  const rest = quorum === undefined ? {} : { quorum };
  return {
    params: { taskId: task.taskId, units, maxAsk, k, tip, challengeWindowS, acceptNoPanel, ...rest },
    lock,
    price,
    warnings: warningsOf(pool, { k, maxAsk, price }, options.tip === undefined ? undefined : { tip, work }, payment),
  };
};

const planOf = async (
  session: Session,
  owner: Address,
  { params, lock, price, warnings }: Asked,
  input: Input,
  mayDeposit: boolean,
): Promise<Plan> => {
  const { context, tokens } = session;
  const { publicClient, deployment } = context;
  const [balance] = await publicClient.readContract({ ...escrowOf(session), functionName: "accountOf", args: [owner] });
  const amount = lock > balance ? lock - balance : 0n;
  if (amount > 0n && !mayDeposit)
    throw new UsageError(
      `The request locks ${formatAmount(lock, tokens.payment)} and the account of ${owner} holds ${formatAmount(balance, tokens.payment)}: add --deposit to deposit the rest.`,
    );
  const spender = deployment.escrow;
  const deposits: readonly Call[] =
    amount === 0n
      ? []
      : [
          ...(await pullCalls(session, { owner, token: deployment.token, spender, amount }, tokens.payment)),
          depositCall(deployment, { amount, account: owner }),
        ];
  const call =
    "uri" in input
      ? await requestByUriCall(context, owner, { ...params, ...input })
      : await requestCall(context, owner, { ...params, ...input });
  const locked = {
    amount: lock,
    token: tokens.payment,
    what: "locked, the highest price; what nodes ask less comes back",
  };
  return {
    title: `Ask ${params.k} nodes of task ${params.taskId}, ${params.units} units each at up to ${price} per unit:`,
    calls: [...deposits, call],
    spends: [
      ...(amount === 0n ? [] : [{ amount, token: tokens.payment, what: "deposited into the account first" }]),
      locked,
    ],
    warnings: [
      ...(params.acceptNoPanel === true ? ["If there is a dispute, there may be too few nodes to judge it."] : []),
      ...warnings,
    ],
  };
};

const finish = async (
  io: Io,
  session: Session,
  receipts: readonly TransactionReceipt[],
  options: Options,
): Promise<number> => {
  const [made] = receipts.flatMap((receipt) => madeRequests(receipt));
  if (made === undefined) throw new Error("the transaction made no request");
  const { requestId, fields, blockNumber, transactionHash } = made;
  const { timeout: timeoutS, outputFile } = options;
  if (options.wait !== true) {
    const sentence = `Request ${requestId} is made. To see what comes of it: atoma watch ${requestId}`;
    say(io, options.json, { sentence, isDone: true, requestId, blockNumber, transactionHash, lock: lockUp(fields) });
    return 0;
  }
  io.err(`Request ${requestId} is made; waiting for its committee ...`);
  const file = outputFile === undefined ? {} : { outputFile };
  return watchRequest(io, session, made, {
    json: options.json === true,
    events: false,
    once: false,
    timeoutS,
    ...file,
  });
};
