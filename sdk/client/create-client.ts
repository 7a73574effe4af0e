import type { Address, Hex } from "viem";
import type { RequestWords } from "../words/request.ts";
import { checkChain } from "./check-chain.ts";
import { claimEarnings } from "./claim-earnings.ts";
import { collectFees } from "./collect-fees.ts";
import { committee } from "./committee.ts";
import type { Context } from "./context.ts";
import { type DepositInput, deposit } from "./deposit.ts";
import { depositWithPermit, type PermitInput } from "./deposit-with-permit.ts";
import { lambda, type LambdaInput } from "./lambda.ts";
import type { MadeRequest } from "./made-request.ts";
import { publishSnapshot } from "./publish-snapshot.ts";
import { registerNode, type RegisterNodeInput } from "./register-node.ts";
import { registerTask, type RegisterTaskInput } from "./register-task.ts";
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
import { deprecateTask, type DeprecateTaskInput } from "./deprecate-task.ts";
import { openDisputeByBond, type OpenDisputeInput } from "./open-dispute-by-bond.ts";
import { releaseStake, type ReleaseStakeInput } from "./release-stake.ts";
import { rotateSigner, type RotateSignerInput } from "./rotate-signer.ts";
import { setEndpoint, type SetEndpointInput } from "./set-endpoint.ts";
import { unsubscribe, type UnsubscribeInput } from "./unsubscribe.ts";
import { updateAsk } from "./update-ask.ts";
import { withdrawStake, type WithdrawStakeInput } from "./withdraw-stake.ts";
import { wait, type WaitOptions } from "./wait.ts";
import { withdraw, type WithdrawInput } from "./withdraw.ts";
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
    registerTask: (input: RegisterTaskInput) => registerTask(context, input),
    collectFees: (taskId: bigint) => collectFees(context, taskId),
    withdraw: (input: WithdrawInput) => withdraw(context, input),
    registerNode: (input: RegisterNodeInput) => registerNode(context, input),
    stake: (input: StakeInput) => stake(context, input),
    subscribe: (input: SubscribeInput) => subscribe(context, input),
    unsubscribe: (input: UnsubscribeInput) => unsubscribe(context, input),
    updateAsk: (input: SubscribeInput) => updateAsk(context, input),
    rotateSigner: (input: RotateSignerInput) => rotateSigner(context, input),
    setEndpoint: (input: SetEndpointInput) => setEndpoint(context, input),
    releaseStake: (input: ReleaseStakeInput) => releaseStake(context, input),
    withdrawStake: (input: WithdrawStakeInput) => withdrawStake(context, input),
    deprecateTask: (input: DeprecateTaskInput) => deprecateTask(context, input),
    openDisputeByBond: (disputes: Address, input: OpenDisputeInput) => openDisputeByBond(context, disputes, input),
    publishSnapshot: (taskId: bigint) => publishSnapshot(context, taskId),
    claimEarnings: (nodeId: bigint) => claimEarnings(context, nodeId),
    withdrawEarnings: (nodeId: bigint) => withdrawEarnings(context, nodeId),
  };
}
