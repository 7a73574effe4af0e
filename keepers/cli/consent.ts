/** A hot key's consent to sign for a node: made here, or read from a file that another machine made. */
import { readFileSync } from "node:fs";
import { type Address, getAddress, type Hex, isAddress, isAddressEqual, recoverTypedDataAddress } from "viem";
import { z } from "zod";
import { signerConsentData } from "../../sdk/agreement/signer-consent.ts";
import type { SignedConsent } from "../../sdk/client/register-node.ts";
import { UsageError } from "../commands/usage-error.ts";
import type { Signer } from "../runtime/signer.ts";
import type { Io } from "./io.ts";
import { chainNowS } from "./reads.ts";
import type { Session } from "./session.ts";
import { dateOf } from "./text.ts";
import { openHotKey, type SignerOptions } from "./wallet.ts";

export type ConsentOptions = SignerOptions & { readonly consent?: string };

/** What a consent is for. */
export type ConsentFor = {
  readonly chainId: bigint;
  readonly registry: Address;
  readonly owner: Address;
  readonly deadlineS: bigint;
};

/** A consent as it travels between machines. */
export type ConsentFile = {
  readonly signer: Address;
  readonly owner: Address;
  readonly deadlineS: string;
  readonly consent: Hex;
};

const account = z
  .string()
  .refine((text) => isAddress(text, { strict: false }))
  .transform((text) => getAddress(text));
const shape = z.object({
  signer: account,
  owner: account,
  deadlineS: z
    .string()
    .regex(/^[1-9][0-9]{0,12}$/)
    .transform(BigInt),
  consent: z
    .string()
    .regex(/^0x[0-9a-fA-F]{130}$/)
    .transform((text) => text as Hex),
});

/** Seconds that a consent made on the spot holds. */
const presentS = 3_600n;

/** Signs a consent with the hot key. */
export const makeConsent = async (
  signer: Signer,
  { chainId, registry, owner, deadlineS }: ConsentFor,
): Promise<ConsentFile> => {
  const consent = await signer.signTypedData(signerConsentData(chainId, registry, { owner, deadline: deadlineS }));
  return { signer: signer.address, owner, deadlineS: deadlineS.toString(), consent };
};

const readConsent = (file: string): z.output<typeof shape> => {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new UsageError(`--consent ${file} cannot be read as JSON: give what \`atoma node consent --json\` printed.`, {
      cause,
    });
  }
  const parsed = shape.safeParse(json);
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map(({ path }) => path.join(".")).join(", ");
  throw new UsageError(`--consent ${file} is no consent: check ${names}.`);
};

const fromFile = async (session: Session, owner: Address, file: string): Promise<SignedConsent> => {
  const { signer, owner: named, deadlineS, consent } = readConsent(file);
  if (!isAddressEqual(named, owner))
    throw new UsageError(
      `The consent is for the owner ${named}, and the key that pays is ${owner}: make another, or pay with that key.`,
    );
  if (deadlineS < (await chainNowS(session)))
    throw new UsageError(`The consent held until ${dateOf(deadlineS)}: have the hot key sign another.`);
  const { chainId, nodeRegistry } = session.context.deployment;
  const data = signerConsentData(chainId, nodeRegistry, { owner, deadline: deadlineS });
  const recovered = await recoverTypedDataAddress({ ...data, signature: consent }).catch(() => undefined);
  if (recovered === undefined || !isAddressEqual(recovered, signer))
    throw new UsageError(
      `The consent is not signed by ${signer} for this owner and this network: make it for chain ${chainId} and registry ${nodeRegistry}.`,
    );
  return { signer, consentDeadlineS: deadlineS, consent };
};

/** The consent that the options name. Throws UsageError, with what to do, where there is none that the chain would take. */
export const obtainConsent = async (
  io: Io,
  session: Session,
  owner: Address,
  options: ConsentOptions,
): Promise<SignedConsent> => {
  if (options.consent !== undefined) return fromFile(session, owner, options.consent);
  const hot = await openHotKey(io, session, options);
  if (hot === undefined)
    throw new UsageError(
      "The node's hot key has to consent: give --signer-keystore and --signer-password-file, ATOMA_SIGNER_PRIVATE_KEY, or --consent FILE from `atoma node consent` on its machine.",
    );
  if (isAddressEqual(hot.address, owner))
    throw new UsageError(`${owner} pays and would sign too: owner and hot key have to differ. Pay with another key.`);
  const { chainId, nodeRegistry: registry } = session.context.deployment;
  const deadlineS = (await chainNowS(session)) + presentS;
  const { signer, consent } = await makeConsent(hot, { chainId, registry, owner, deadlineS });
  return { signer, consentDeadlineS: deadlineS, consent };
};
