import { committeeFigure } from "./committee.ts";
import { disturbanceFigure } from "./disturbance.ts";
import { divergenceFigure, toleranceFigure } from "./divergence.ts";
import { farmingFigure } from "./farming.ts";
import type { FigureMaker } from "./figure.ts";
import { griefingFigure } from "./griefing.ts";
import { lazinessFigure } from "./laziness.ts";
import { lazyShareFigure } from "./lazy-share.ts";
import { profitsFigure } from "./profits.ts";
import { selfDisputeFigure } from "./self-dispute.ts";
import { stakeFigure } from "./stake.ts";
import { wrongResultsFigure } from "./wrong-results.ts";

/** All figures, in the order in which they are printed. */
export const figures: readonly FigureMaker[] = [
  ...[committeeFigure, wrongResultsFigure, profitsFigure, stakeFigure, lazinessFigure, lazyShareFigure],
  ...[divergenceFigure, toleranceFigure, griefingFigure, disturbanceFigure, selfDisputeFigure, farmingFigure],
];
