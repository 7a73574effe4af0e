import * as cases from "../../helpers/attestation/cases/signed-texts.ts";
import { printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { itAccepts, itRejects } from "./judging.ts";

describe("Signed texts", () => {
  printSeedOnFailure();
  itAccepts(cases.accepted);
  itRejects(cases.formsOfInfo);
  itRejects(cases.formsOfIdentity);
  itRejects(cases.ofTwoKinds);
});
