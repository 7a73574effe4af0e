import { parseAbi } from "viem";

/** ERC-5267: what a contract's EIP-712 domain is. */
export const eip712Abi = parseAbi([
  "function eip712Domain() view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)",
]);
