/**
 * Who may call each function that changes state. Deleting a row, or adding a function without one, fails the test beside
 * this file.
 *
 * - anyone: all accounts, or the one that the arguments belong to (an owner, a publisher, a requester): no role is asked for
 * - admin: the timelock, by the access manager
 * - guardian: the guardian, by the access manager
 * - decision: what a proposal does to the governor or the timelock themselves
 * - governor: the governor, on the timelock
 * - instance: another contract of the instance, which `instanceCallers` names
 * - wiring: the deployer, once, before the instance works
 * - manager: the access manager itself
 * - target: who may call the function that the arguments name; a test of its own
 */
export type Caller =
  "anyone" | "admin" | "guardian" | "decision" | "governor" | "instance" | "wiring" | "manager" | "target";

const all = <C extends string>(caller: C, ...names: string[]): Record<string, C> =>
  Object.fromEntries(names.map((name) => [name, caller]));

/** By contract and name of function: no contract has two with the same name. */
export const functions: Readonly<Record<string, Readonly<Record<string, Caller>>>> = {
  RequestEscrow: {
    ...all(
      "anyone",
      "commitOnChain",
      "multicall",
      "request",
      "requestBundle",
      "requestByUri",
      "settle",
      "settleSigned",
    ),
    ...all("instance", "recordRound", "setSigner", "setTaskWord"),
    ...all("manager", "setAuthority"),
  },
  EscrowExtension: {
    ...all("anyone", "claimEarnings", "collect", "deposit", "depositWithPermit", "expire", "finalize"),
    ...all("anyone", "finalizeWithoutOutput", "release", "retryCallback", "revealOnChain", "settleRevealed"),
    ...all("anyone", "showAttestation", "slashNoShow", "timeLock", "timeUnlock", "transfer", "withdraw"),
    ...all("anyone", "withdrawEarnings"),
    ...all("instance", "blockOpen", "blockOutcome", "collectBond", "jail", "overturn", "payJurors", "revokeResult"),
    ...all("instance", "uphold"),
    ...all("admin", "setParameters"),
    ...all("guardian", "pauseRequests"),
    ...all("manager", "setAuthority"),
  },
  NodeRegistry: {
    ...all("anyone", "acceptOwnership", "award", "deposit", "register", "release", "rotateSigner", "setEndpoint"),
    ...all("anyone", "transferOwnership", "withdraw", "withdrawAward"),
    ...all("instance", "allocate", "freeze", "jail", "lockBond", "returnBond", "slash", "unbond"),
    ...all("wiring", "connect"),
    ...all("admin", "setUnbonding"),
    ...all("manager", "setAuthority"),
  },
  TaskRegistry: {
    ...all("anyone", "activate", "deprecate", "evict", "publishSnapshot", "register", "restoreStake", "returnBond"),
    ...all("anyone", "setArtifactUri", "subscribe", "unsubscribe", "updateAsk"),
    ...all("instance", "expel"),
    ...all("wiring", "connect"),
    ...all("admin", "setSettings", "setStakePrice"),
    ...all("guardian", "pauseRegistrations"),
    ...all("manager", "setAuthority"),
  },
  Disputes: {
    ...all("anyone", "appeal", "close", "conclude", "decide", "escalate", "freeze", "openAgainstMember", "openByBond"),
    ...all("anyone", "openByConflict", "openByDissent", "proveDoubleCommit", "proveEquivocation", "punish"),
    ...all("anyone", "punishRevealed", "punishSilent", "redraw"),
    ...all("wiring", "connect"),
    ...all("admin", "setParameters"),
    ...all("manager", "setAuthority"),
  },
  TeeRegistry: {
    ...all(
      "anyone",
      "addMeasurement",
      "attest",
      "endBinding",
      "registerWorkload",
      "removeMeasurement",
      "revokeBinding",
    ),
    ...all("anyone", "tighten", "transferWorkload"),
    ...all("anyone", "revokeWorkload"), // by its owner, or the admin: a test of its own
    ...all("manager", "setAuthority"),
  },
  DcapCollateral: all("anyone", "postQeIdentity", "postTcbInfo", "registerIssuer", "revokeIssuer"),
  DcapVerifier: all("anyone", "multicall", "registerAttestationKey", "registerPck", "revokePck"),
  DrandBeacon: { ...all("anyone", "submit"), ...all("wiring", "connect") },
  AtomaToken: all("anyone", "approve", "delegate", "delegateBySig", "permit", "transfer", "transferFrom"),
  AtomaTimelock: {
    ...all("anyone", "execute", "executeBatch", "renounceRole"), // what is due; a role of one's own
    ...all("anyone", "onERC1155BatchReceived", "onERC1155Received", "onERC721Received"),
    ...all("governor", "cancel", "schedule", "scheduleBatch"),
    ...all("decision", "grantRole", "revokeRole", "updateDelay"),
  },
  AtomaGovernor: {
    ...all("anyone", "cancel", "castVote", "castVoteBySig", "castVoteWithReason", "castVoteWithReasonAndParams"),
    ...all("anyone", "castVoteWithReasonAndParamsBySig", "execute", "propose", "queue"),
    ...all("anyone", "onERC1155BatchReceived", "onERC1155Received", "onERC721Received"),
    ...all("decision", "relay", "setLateQuorumVoteExtension", "setProposalGuardian", "setProposalThreshold"),
    ...all("decision", "setVotingDelay", "setVotingPeriod", "updateQuorumNumerator"),
    // updateTimelock always reverts, and is pure
  },
  Treasury: {
    ...all("anyone", "changeRecipient", "payStream", "pullAwards", "pullFees"),
    ...all("admin", "createStream", "endStream", "grant"),
    ...all("manager", "setAuthority"),
  },
  Emissions: {
    ...all("anyone", "claim", "close", "record"),
    ...all("admin", "giveBack", "setBudget", "setPrice"),
    ...all("manager", "setAuthority"),
  },
  AccessManager: {
    ...all("anyone", "multicall", "renounceRole"), // in the caller's own name; a role of one's own
    ...all("target", "cancel", "consumeScheduledOp", "execute", "schedule"),
    ...all("decision", "grantRole", "labelRole", "revokeRole", "setGrantDelay", "setRoleAdmin", "setRoleGuardian"),
    ...all("decision", "setTargetAdminDelay", "setTargetClosed", "setTargetFunctionRole", "updateAuthority"),
  },
};

/** Which contract of the instance calls each function of the kind `instance`. */
export const instanceCallers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  RequestEscrow: { recordRound: "DrandBeacon", setSigner: "NodeRegistry", setTaskWord: "TaskRegistry" },
  EscrowExtension: {
    ...all("Disputes", "blockOpen", "blockOutcome", "collectBond", "overturn", "payJurors", "revokeResult", "uphold"),
    ...all("NodeRegistry", "jail"),
  },
  NodeRegistry: {
    ...all("TaskRegistry", "allocate", "lockBond", "returnBond", "unbond"),
    ...all("Disputes", "freeze", "jail"),
    ...all("RequestEscrow,Disputes", "slash"),
  },
  TaskRegistry: all("NodeRegistry", "expel"),
};
