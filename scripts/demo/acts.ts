import type { FileServer } from "./files.ts";
import { type Asked, askAll, askBroken, askBundle, askNobody, askOne, askTen, askTune, mend } from "./requests.ts";
import type { Story } from "./follow.ts";
import type { Stage } from "./stage.ts";

type Ask = (stage: Stage, files: FileServer) => Promise<Asked>;

/** What the demo asks for, and does as things happen. */
export type Script = {
  readonly requests: readonly Ask[];
  /** Asked once the committees of the others have computed. */
  readonly later: readonly Ask[];
  /** How many tricks the copier must have played before the end. */
  readonly tricks: number;
  /** Called with each new look at the chain; answers whether all that was to be done is done. */
  readonly react: (stage: Stage, story: Story) => Promise<boolean>;
};

/** The whole demo: seven requests, one of which needs its contract mended. */
export function makeScript(): Script {
  let isMended = false;
  return {
    requests: [askTen, askTune, (stage) => askAll(stage), askOne, askNobody, askBroken],
    later: [askBundle],
    tricks: 2,
    react: async (stage, { callbacksFailed, callbacksRetried }) => {
      if (callbacksFailed.size > 0 && !isMended) {
        isMended = true;
        await mend(stage);
      }
      return callbacksRetried.size > 0;
    },
  };
}
