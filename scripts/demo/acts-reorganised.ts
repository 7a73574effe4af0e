import { type Address, getAddress } from "viem";
import type { Script } from "./acts.ts";
import type { LocalChain } from "./chain.ts";
import { isDone } from "./justice.ts";
import { type Moment, moments, type Now } from "./moments.ts";
import type { Reorganisation } from "./reorganise.ts";
import { askFew, askLied, askNobody, askOne } from "./requests.ts";
import type { Stage } from "./stage.ts";

type Deps = {
  readonly reorganise: NonNullable<LocalChain["reorganise"]>;
  readonly tell: (line: string) => void;
};

/** Four requests, one of which is disputed, on a chain that takes back each step of theirs once. */
export function makeReorganisedScript({ reorganise, tell }: Deps): Script {
  const left = [...moments];
  const reorganisations: Reorganisation[] = [];
  const disturb = async ({ name, forgetsKeepers, before }: Moment, block: bigint, stage: Stage): Promise<void> => {
    const keepers = new Set<Address>(stage.nodes.map(({ signer }) => getAddress(signer.address)));
    const forgets = (sender: Address): boolean => forgetsKeepers && keepers.has(sender);
    const done = await reorganise({ ancestor: block - before - 1n, forgets });
    reorganisations.push(done);
    const { depth, moved, forgotten } = done;
    tell(`${name}: ${depth} blocks are replaced, ${moved} transactions moved, ${forgotten} forgotten`);
  };
  return {
    acts: [
      {
        title: "Contracts ask, one of them a liar, too; the chain is reorganised again and again",
        requests: [askFew, askOne, askNobody, askLied],
        until: "ended",
      },
    ],
    tricks: 0,
    reorganisations,
    react: async (stage, story, asked) => {
      const now: Now = { stage, story, asked, head: await stage.world.chain.getBlockNumber() };
      for (const [index, moment] of left.entries()) {
        const block = await moment.blockNow(now);
        if (block === undefined) continue;
        left.splice(index, 1);
        await disturb(moment, block, stage);
        return false; // the story has to be read anew
      }
      return left.length === 0 && story.justice.disputes.length > 0 && isDone(story.justice);
    },
  };
}
