/** What to do about each error of governance, the treasury and emissions. `{name}` stands for the argument of that name. */
export const governanceSentences = {
  AccessControlBadConfirmation: "A role is given up by its holder alone. Send this from the account that holds it.",
  AccessControlUnauthorizedAccount: "{account} lacks the role {neededRole}. Only a proposal can do this.",
  AccessManagerAlreadyScheduled: "The operation {operationId} is scheduled already. Execute it, or cancel it first.",
  AccessManagerBadConfirmation: "A role is given up by its holder alone. Send this from the account that holds it.",
  AccessManagerExpired: "The operation {operationId} was not executed in time. Schedule it again.",
  AccessManagerInvalidInitialAdmin: "{initialAdmin} cannot be the first admin. Name another account.",
  AccessManagerLockedFunction: "The role of the function {selector} is fixed. Leave it out.",
  AccessManagerLockedRole: "The role {roleId} is fixed: its admin and its guardian cannot change. Leave it out.",
  AccessManagerNotReady: "The operation {operationId} is not due yet. Wait for its delay.",
  AccessManagerNotScheduled: "The operation {operationId} is not scheduled. Schedule it first.",
  AccessManagerUnauthorizedAccount: "{msgsender} lacks the role {roleId}. Only a proposal can do this.",
  AccessManagerUnauthorizedCall: "{caller} may not call {selector} of {target}. Have the role granted by a proposal.",
  AccessManagerUnauthorizedCancel:
    "{msgsender} may not cancel what {caller} scheduled: {selector} of {target}. Send this from {caller}.",
  AccessManagerUnauthorizedConsume: "{target} is not executing a scheduled operation. Nothing is to be done.",
  BudgetOutOfBounds: "A budget of {budget} ATOMA units is more than an epoch may have, {most}. Set a smaller one.",
  ClaimsAreOver: "Nothing of epoch {epoch} can be claimed or closed any more. Claims end a year after the epoch.",
  ClaimsGoOn: "Epoch {epoch} can be claimed until {until} (Unix seconds). Close it after that.",
  DelayOutOfBounds: "A delay of {delay} s is outside {least}..{most} s. Propose one within.",
  EpochNotOver: "Epoch {epoch} ends at {endsAt} (Unix seconds). Claim after that.",
  GovernorAlreadyCastVote: "{voter} has voted on this proposal. A vote cannot be changed.",
  GovernorAlreadyQueuedProposal: "The proposal {proposalId} is queued already. Execute it once its delay is over.",
  GovernorDisabledDeposit: "The governor takes no deposits. Send them to the treasury.",
  GovernorInsufficientProposerVotes:
    "{proposer} had {votes} of the {threshold} votes (10^-18 ATOMA) that a proposer needs, in the block before. Delegate (atoma governance delegate), wait for the next block, and propose again.",
  GovernorInvalidProposalLength:
    "A proposal needs one value and one calldata for each target: {targets}, {values}, {calldatas}. Correct it.",
  GovernorInvalidQuorumFraction:
    "A quorum of {quorumNumerator} of {quorumDenominator} is more than all votes. Lower it.",
  GovernorInvalidSignature: "The signature is not the vote of {voter}. Sign it again.",
  GovernorInvalidVoteParams: "The vote carries parameters that nobody reads. Vote without them.",
  GovernorInvalidVoteType: "A vote is against (0), for (1) or abstain (2). Choose one of them.",
  GovernorInvalidVotingPeriod: "A voting period of {votingPeriod} s is not possible. Choose a longer one.",
  GovernorNonexistentProposal: "There is no proposal {proposalId}. Check the id and the network.",
  GovernorOnlyExecutor: "{account} is not the timelock. Only a proposal can do this.",
  GovernorPreventLateQuorumVoteExtensionTooLarge:
    "An extension of {newVoteExtension} s is longer than the voting period, {maxVoteExtension} s. Choose a shorter one.",
  GovernorProposalQueueingFailed: "The proposal {proposalId} could not be queued. Check the timelock's roles.",
  GovernorProposalQueueingNotRequired: "The proposal {proposalId} needs no queue. Execute it.",
  GovernorRestrictedProposer: "{proposer} is not the proposer that the description names. Send it from that account.",
  GovernorUnableToCancel:
    "{account} cannot cancel {proposalId}: the guardian can until it is executed, its proposer before voting begins.",
  GovernorUnexpectedProposalState:
    "The proposal {proposalId} is in state {current}, one of {expectedStates} was expected. Look at it first.",
  GuardianCannotVetoItsReplacement:
    "The guardian cannot cancel {proposalId}, which only replaces the guardian. It is the voters' to decide.",
  InsufficientFunds: "{wanted} units are wanted, but {available} are free. Ask for less.",
  InvalidSettings: "Emissions need an epoch of 1 s to 90 days and a price above zero. Correct the settings.",
  InvalidStream:
    "A stream of {total} units from {start} to {end} is not possible: it has an amount, takes 1 s to 10 years, and starts within a year. Correct it.",
  NotRecipient: "{caller} does not receive stream {streamId}. Send this from its recipient.",
  NotSettled:
    "The slot of request {requestId} does not hold this result as settled. Record it before the slot is taken again.",
  NothingAccrued: "Nothing has accrued on stream {streamId} since it was paid. Wait.",
  NothingRecorded: "All of this work was recorded before, or paid no fee. Nothing is to be done.",
  PauseTooSoon:
    "After a pause everything stays open for a week. The next one can begin after {earliest} (Unix seconds).",
  RegistrationsPaused: "Tasks and subscriptions are paused until {until} (Unix seconds). Try again after that.",
  PriceOutOfBounds:
    "A price of {price} is outside {least}..{most}: it is at least four stake prices, and falls by a fifth at most. Move it in steps.",
  PriceSetTooSoon: "The price can fall again from {earliest} (Unix seconds) on. Wait.",
  StreamIsOver: "Stream {streamId} has ended: all of it has accrued. Nothing is to be done.",
  TimelockInsufficientDelay: "A delay of {delay} s is shorter than the timelock's, {minDelay} s. Use that one.",
  TimelockInvalidOperationLength:
    "An operation needs one value and one payload for each target: {targets}, {values}, {payloads}. Correct it.",
  TimelockIsFixed: "The governor's timelock cannot be changed. Leave it out.",
  TimelockUnauthorizedCaller: "{caller} is not the timelock. Only a proposal can do this.",
  TimelockUnexecutedPredecessor: "The operation {predecessorId} has to be executed first. Execute it.",
  TimelockUnexpectedOperationState:
    "The timelock's operation {operationId} is in another state than {expectedStates}. Wait for its delay.",
  UnknownStream: "There is no stream {streamId}. Check the number.",
} as const;
