// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "./IEscrowTypes.sol";
import {Head} from "../types/Head.sol";
import {Request} from "../types/Request.sol";

/// @title What happens around the plain settlement: challenge windows, refunds, callbacks, bundles
interface IEscrowLanes is IEscrowTypes {
    /// @notice Pays and calls back after a challenge window, unless a dispute is open. By anyone. A member that was jailed since
    ///         it attested counts as absent.
    /// @param settlement as settled; its proof is not needed
    /// @param settler as recorded; the tip is its
    function finalize(Settlement calldata settlement, address settler) external;

    /// @notice Ends a recorded request whose output nobody shows, once the expire delay after its challenge window is over
    ///         too: pays as `finalize` would, and counts the callback as failed, so that `retryCallback` can deliver it yet.
    ///         All the words are in the request's events. By anyone.
    function finalizeWithoutOutput(Request calldata request_, bytes32 digest, Head head, address settler) external;

    /// @notice Refunds a request that cannot settle any more: never or wrongly posted round, too few eligible nodes, or
    ///         deadline plus expire delay over, or the time over that a verdict gave it. Not while a dispute is open. By
    ///         anyone; the whole lock goes to the requester's account.
    function expire(Request calldata request_) external;

    /// @notice Delivers a failed callback again, within seven days of its failure, unless a verdict found the result wrong. By
    ///         anyone.
    function retryCallback(Settlement calldata settlement) external;

    /// @notice Moves the left-over of ended requests to their requester's account. Slots that are not free are passed over.
    function release(address requester, uint24[] calldata slots) external;

    /// @notice Reverts unless item `index` of a settled bundle gave this status, usage and output, or once a dispute is concluded
    ///         that found another root.
    function proveItem(
        bytes32 requestId,
        uint256 index,
        uint8 status,
        uint64 usage,
        bytes calldata output,
        bytes32[] calldata proof
    ) external view;

    /// @notice The committee of a request whose round is posted, in draw order, each nodeId << 32 | ask.
    function committeeOf(Request calldata request_) external view returns (uint256[] memory members);

    /// @return root of a settled bundle, or zero, as once a dispute is concluded that found another
    function rootOf(bytes32 requestId) external view returns (bytes32);

    /// @return the EIP-712 domain separator of attestations, commits and signed requests
    function domainSeparator() external view returns (bytes32);
}
