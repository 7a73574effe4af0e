import * as cases from "../../helpers/attestation/cases/crl.ts";
import { printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { itAccepts, itRejects } from "./judging.ts";

describe("Revocation lists", () => {
  printSeedOnFailure();
  itRejects(cases.revocations);
  itRejects(cases.revokedWithoutIssuer);
  itRejects(cases.lists);
  itRejects(cases.ofAnotherCa);
  itAccepts(cases.accepted);
});
