// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FuzzInvariants} from "./fuzz/FuzzInvariants.sol";
import {vm} from "./fuzz/Vm.sol";

/// @dev ESC-1, ESC-2, ESC-3 (liveness), STK-1, STK-2, DRW-1 (the Solidity side), DRW-2, SET-1, DSP-1, REP-1 and BCN-1, held while
///      everybody does everything in any order. A handler reverts with `Broken(name, ...)` as soon as one does not hold.
contract ProtocolInvariants is FuzzInvariants {
    /// @dev The sums are formed after every so many steps, and at the end of each run.
    uint256 private constant RARELY = 8;
    /// @dev Runs after which the campaign of the tests is over, and what each function must then have done.
    uint256 private constant CAMPAIGN_RUNS = 20;
    uint256 private constant LEAST_SUCCESSES = 100;
    string private constant RUNS_DONE = "ATOMA_FUZZ_RUNS_DONE";
    /// @dev Set where a profile has another number of runs.
    string private constant RUNS_OF_CAMPAIGN = "ATOMA_FUZZ_RUNS";

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    error TooFew(string name, uint256 successes, uint256 least);

    function setUp() external {
        _deploy();
        _populate();
        _openShops();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(this);
    }

    /// @dev What somebody does; the rest of this contract is not for the fuzzer.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory s = new bytes4[](73);
        s[0] = this.registerNode.selector;
        s[1] = this.rotateSigner.selector;
        s[2] = this.setEndpoint.selector;
        s[3] = this.handOver.selector;
        s[4] = this.stake.selector;
        s[5] = this.unstake.selector;
        s[6] = this.subscribe.selector;
        s[7] = this.unsubscribe.selector;
        s[8] = this.updateAsk.selector;
        s[9] = this.releaseStake.selector;
        s[10] = this.setUnbonding.selector;
        s[11] = this.activate.selector;
        s[12] = this.publish.selector;
        s[13] = this.ask.selector;
        s[14] = this.askWrongly.selector;
        s[15] = this.postRound.selector;
        s[16] = this.settle.selector;
        s[17] = this.settleBatch.selector;
        s[18] = this.settleWrongly.selector;
        s[19] = this.finalize.selector;
        s[20] = this.expire.selector;
        s[21] = this.sweep.selector;
        s[22] = this.releaseSlots.selector;
        s[23] = this.retryCallback.selector;
        s[24] = this.reenter.selector;
        s[25] = this.proveItem.selector;
        s[26] = this.settleSigned.selector;
        s[27] = this.deposit.selector;
        s[28] = this.depositWithPermit.selector;
        s[29] = this.withdraw.selector;
        s[30] = this.timeLock.selector;
        s[31] = this.timeUnlock.selector;
        s[32] = this.collect.selector;
        s[33] = this.earn.selector;
        s[34] = this.setParameters.selector;
        s[35] = this.pause.selector;
        s[36] = this.multicall.selector;
        s[37] = this.publisherLife.selector;
        s[38] = this.evict.selector;
        s[39] = this.setSettings.selector;
        s[40] = this.setStakePrice.selector;
        s[41] = this.wait.selector;
        s[42] = this.finalizeWithoutOutput.selector;
        s[43] = this.fallbackOnChain.selector;
        s[44] = this.restoreStake.selector;
        s[45] = this.moveAward.selector;
        s[46] = this.slashWrongly.selector;
        s[47] = this.transfer.selector;
        s[48] = this.openByConflict.selector;
        s[49] = this.openByDissent.selector;
        s[50] = this.openByBond.selector;
        s[51] = this.openAgainstMember.selector;
        s[52] = this.decide.selector;
        s[53] = this.appeal.selector;
        s[54] = this.escalate.selector;
        s[55] = this.conclude.selector;
        s[56] = this.close.selector;
        s[57] = this.punish.selector;
        s[58] = this.punishSilent.selector;
        s[59] = this.punishRevealed.selector;
        s[60] = this.freeze.selector;
        s[61] = this.proveEquivocation.selector;
        s[62] = this.proveDoubleCommit.selector;
        s[63] = this.evictJailed.selector;
        s[64] = this.reform.selector;
        s[65] = this.setDisputeParameters.selector;
        s[66] = this.recordUtilisation.selector;
        s[67] = this.tune.selector;
        s[68] = this.askForFold.selector;
        s[69] = this.callAsOutsider.selector;
        s[70] = this.setAuthority.selector;
        s[71] = this.redraw.selector;
        s[72] = this.overturnBundle.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(this), s);
    }

    function invariant_all() external view {
        if (_steps % RARELY == 0) _checkSums();
    }

    /// @dev Adds the run's successes to those of the runs before, in the environment, where they outlive a run and where
    ///      `test/helpers/campaign.ts` reads them; the runner shows no output of its campaigns. The last run looks at them.
    function afterInvariant() external {
        _sweepAll(); // every request ends
        if (lockedInRequests != 0) revert Broken("ESC-2", "locks without requests", lockedInRequests, 0);
        _checkSums();
        uint256 runs = vm.envOr(RUNS_DONE, uint256(0)) + 1;
        vm.setEnv(RUNS_DONE, vm.toString(runs));
        uint256 campaign = vm.envOr(RUNS_OF_CAMPAIGN, CAMPAIGN_RUNS);
        if (runs <= campaign) _add(); // the runner plays its last run once more
        if (runs == campaign) _requireEnough();
    }

    function _add() private {
        for (uint256 i = 0; i < names.length; ++i) {
            vm.setEnv(_keyOf(names[i]), vm.toString(_total(names[i]) + successes[names[i]]));
        }
    }

    function _requireEnough() private view {
        for (uint256 i = 0; i < names.length; ++i) {
            uint256 total = _total(names[i]);
            if (total < LEAST_SUCCESSES) revert TooFew(names[i], total, LEAST_SUCCESSES);
        }
    }

    function _total(string memory name) private view returns (uint256) {
        return vm.envOr(_keyOf(name), uint256(0));
    }

    function _keyOf(string memory name) private pure returns (string memory) {
        return string.concat("ATOMA_FUZZ ", name);
    }
}
