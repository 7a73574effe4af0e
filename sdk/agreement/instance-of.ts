import { decodeRequest } from "../words/request.ts";
import type { Instance } from "../words/request-id.ts";
import type { Receipt } from "./receipt.ts";
import { recoverSigner } from "./recover.ts";
import { signedRequestHash } from "./signed-request.ts";

/**
 * The instance that a signed request, or a receipt of one, belongs to: the one for whose escrow its requester signed. The
 * signature says so, and nobody else can. Undefined if it is none of these, or not the requester's.
 */
export function instanceOf<T extends Pick<Instance, "chainId" | "escrow">>(
  instances: readonly T[],
  { request, signature }: Pick<Receipt, "request" | "signature">,
): T | undefined {
  const { requester } = decodeRequest(request);
  return instances.find(
    ({ chainId, escrow }) => recoverSigner(signedRequestHash(chainId, escrow, request), signature) === requester,
  );
}
