import { expect } from "chai";
import { refusalNames } from "../../keepers/network/refusals.ts";
import { blocksOf, textOf } from "./pages.ts";

const page = "docs/run-a-lambda.md";
/** Refusals that only members of a committee meet. */
const ofMembers = [
  ...[
    "RoundUnknown",
    "RoundRefused",
    "CommitteeIncomplete",
    "UnknownLevel",
    "NotMember",
    "WrongSigner",
    "CommitTooLate",
  ],
  ...["TwoLeaves", "InvalidBitmap", "CommitRootMismatch", "ResultMismatch", "LeafMismatch", "TwoDigests"],
  ...["TooManyAttestations", "NothingHeld", "UnknownPath", "BodyTooLarge"],
];

describe("The guide to lambdas", () => {
  it("shows the code that the tests of lambdas run", () => {
    expect(blocksOf(page, "ts")).to.deep.equal([textOf("test/docs/run-a-lambda.example.ts")]);
  });

  it("says what to do about every refusal", () => {
    const table = textOf(page).split("| error | what to do |")[1]?.split("\n\n")[0] ?? "";
    const named = [...table.matchAll(/`([A-Z][A-Za-z]+)`/g)].map(([, name]) => name);
    const wanted = refusalNames.filter((name) => !ofMembers.includes(name));
    expect(named).to.include.members(wanted);
    expect(refusalNames).to.include.members(named.filter((name) => name !== "NotInForce"));
  });
});
