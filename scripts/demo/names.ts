import { type Address, getAddress } from "viem";
import type { Stage } from "./stage.ts";

/** Who stands behind the addresses of the demo. */
export function namesOf({ world, nodes, user, griefer, consumers, claims }: Stage): ReadonlyMap<Address, string> {
  const entries: (readonly [Address, string])[] = [
    [world.treasury, "treasury"],
    [user.account.address, "user"],
    [griefer.account.address, "griefer"],
    [consumers.fold, "fold consumer"],
    [consumers.rate, "rate consumer"],
    [consumers.mendable, "mendable consumer"],
    ...(claims === undefined ? [] : [[claims.desk, "claim desk"] as const]),
    ...nodes.flatMap(({ nodeId, owner, signer }) => [
      [owner.account.address, `owner of node ${nodeId}`] as const,
      [signer.address, `keeper of node ${nodeId}`] as const,
    ]),
  ];
  return new Map(entries.map(([address, name]) => [getAddress(address), name]));
}
