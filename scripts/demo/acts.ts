import type { FileServer } from "./files.ts";
import { isDone } from "./justice.ts";
import type { Reorganisation } from "./reorganise.ts";
import {
  type Asked,
  askAll,
  askBroken,
  askBundle,
  askChallenged,
  askAttested,
  askClaim,
  askEquivocated,
  askLied,
  askNobody,
  askOne,
  askTen,
  askTune,
  mend,
} from "./requests.ts";
import type { Story } from "./follow.ts";
import type { Stage } from "./stage.ts";
import { areBound } from "./tee.ts";
import { challenge } from "./villains.ts";

type Ask = (stage: Stage, files: FileServer) => Promise<Asked>;

/** Requests that are made at once, and what is waited for before the next are made. */
export type Act = {
  readonly title: string;
  /** What has to be so before they are made. */
  readonly when?: { readonly what: string; readonly isSo: (stage: Stage) => Promise<boolean> };
  readonly requests: readonly Ask[];
  readonly until: "computed" | "judged" | "ended";
};

/** What the demo asks for, and does as things happen. */
export type Script = {
  readonly acts: readonly Act[];
  /** How many tricks the copier must have played before the end. If none, neither it nor the equivocator says anything. */
  readonly tricks: number;
  /** Those that it made so far; absent where the chain is left alone. */
  readonly reorganisations?: readonly Reorganisation[];
  /** Called with each new look at the chain; answers whether all that was to be done is done. */
  readonly react: (stage: Stage, story: Story, asked: readonly Asked[]) => Promise<boolean>;
};

const claimAct: Act = {
  title: "A contract asks a model to decide a claim; ten nodes must agree on its words",
  requests: [askClaim],
  until: "computed",
};

/** The whole demo: eleven requests, one of which needs its contract mended, and one of which is challenged; twelve with a model. */
export function makeScript({ hasModel = false } = {}): Script {
  let [isMended, isChallenged] = [false, false];
  const griefed = async (stage: Stage): Promise<Asked> => (challenged = await askChallenged(stage));
  let challenged: Asked | undefined;
  return {
    acts: [
      ...(hasModel ? [claimAct] : []),
      {
        title: "Contracts ask; the beacon draws a committee for each request",
        requests: [askTen, askTune, (stage) => askAll(stage), askOne, askNobody, askBroken],
        until: "computed",
      },
      {
        title: "A liar, an equivocator and a griefing challenger come in; panels judge",
        requests: [askLied, askEquivocated, griefed],
        until: "judged",
      },
      {
        title: "A contract asks one node in a TEE alone; a person asks for many computations at once",
        when: { what: "the nodes in TEEs to show that on chain", isSo: areBound },
        requests: [askAttested, askBundle],
        until: "ended",
      },
    ],
    tricks: 2,
    react: async (stage, story) => {
      const { callbacksFailed, callbacksRetried, justice } = story;
      if (callbacksFailed.size > 0 && !isMended) {
        isMended = true;
        await mend(stage);
      }
      if (challenged !== undefined && !isChallenged) isChallenged = await challenge(stage, story, challenged);
      return callbacksRetried.size > 0 && isChallenged && isDone(justice);
    },
  };
}
