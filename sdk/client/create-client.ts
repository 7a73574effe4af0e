import type { Hex } from "viem";
import type { RequestWords } from "../words/request.ts";
import { checkChain } from "./check-chain.ts";
import { claimEarnings } from "./claim-earnings.ts";
import { committee } from "./committee.ts";
import type { Context } from "./context.ts";
import { type DepositInput, deposit } from "./deposit.ts";
import { depositWithPermit, type PermitInput } from "./deposit-with-permit.ts";
import { lambda, type LambdaInput } from "./lambda.ts";
import type { MadeRequest } from "./made-request.ts";
import { publishSnapshot } from "./publish-snapshot.ts";
import { registerNode, type RegisterNodeInput } from "./register-node.ts";
import { release, type ReleaseInput } from "./release.ts";
import { type BundleInput, requestBundle } from "./request-bundle.ts";
import { requestByUri, type RequestByUriInput } from "./request-by-uri.ts";
import type { RequestInput } from "./request-params.ts";
import { request } from "./request.ts";
import { result } from "./result.ts";
import { settleSigned, type SettleSignedInput } from "./settle-signed.ts";
import { settle, type SettleInput } from "./settle.ts";
import { signRequest, type SignRequestInput } from "./sign-request.ts";
import { stake, type StakeInput } from "./stake.ts";
import { subscribe, type SubscribeInput } from "./subscribe.ts";
import { timeLock, type TimeLockInput } from "./time-lock.ts";
import { wait, type WaitOptions } from "./wait.ts";
import { withdrawEarnings } from "./withdraw-earnings.ts";

/** The client of one instance: every action with its clients and addresses filled in. */
export type AtomaClient = ReturnType<typeof createAtomaClient>;

/** Binds every action to a chain, a wallet and an instance. Call `checkChain` once before anything is sent. */
export function createAtomaClient(context: Context) {
  return {
    checkChain: () => checkChain(context),
    deposit: (input: DepositInput) => deposit(context, input),
    depositWithPermit: (input: PermitInput) => depositWithPermit(context, input),
    timeLock: (input: TimeLockInput) => timeLock(context, input),
    release: (input: ReleaseInput) => release(context, input),
    request: (input: RequestInput & { readonly input: Hex }) => request(context, input),
    requestByUri: (input: RequestByUriInput) => requestByUri(context, input),
    requestBundle: (input: BundleInput) => requestBundle(context, input),
    signRequest: (input: SignRequestInput) => signRequest(context, input),
    lambda: (input: LambdaInput) => lambda(context, input),
    settle: (input: SettleInput) => settle(context, input),
    settleSigned: (input: SettleSignedInput) => settleSigned(context, input),
    committee: (words: RequestWords) => committee(context, words),
    wait: (made: MadeRequest, options?: WaitOptions) => wait(context, made, options),
    result: (made: MadeRequest) => result(context, made),
    registerNode: (input: RegisterNodeInput) => registerNode(context, input),
    stake: (input: StakeInput) => stake(context, input),
    subscribe: (input: SubscribeInput) => subscribe(context, input),
    publishSnapshot: (taskId: bigint) => publishSnapshot(context, taskId),
    claimEarnings: (nodeId: bigint) => claimEarnings(context, nodeId),
    withdrawEarnings: (nodeId: bigint) => withdrawEarnings(context, nodeId),
  };
}
