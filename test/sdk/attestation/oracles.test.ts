import { expect } from "chai";
import { type QuoteQuestion, verifyQuote } from "../../../sdk/attestation/verify-quote.ts";
import { statuses } from "../../../sdk/attestation/status.ts";
import { attestationFolder } from "../../../scripts/vectors/attestation-folder.ts";
import { readDcapManifest } from "../../../scripts/vectors/dcap-file.ts";
import { allCases } from "../../helpers/attestation/cases/all.ts";
import { differences } from "../../helpers/attestation/differences/all.ts";
import { drawn } from "../../helpers/attestation/differences/difference.ts";
import { askOracle, type OracleName, oracleNames } from "../../helpers/attestation/oracles.ts";
import { printSeedOnFailure } from "../../helpers/attestation/seed.ts";

const refused = "refused";

/** A status and its advisories in one order, or `refused`. */
const answerOf = (status: string | null | undefined, advisories: readonly string[] = []): string =>
  [status ?? refused, ...[...advisories].sort()].join(" ");

const ours = (question: QuoteQuestion): string => {
  const { status, advisories } = verifyQuote({ ...question, allowed: statuses });
  return answerOf(status, advisories);
};

const theirs = async (name: OracleName, question: QuoteQuestion): Promise<string> => {
  const { status, ...rest } = await askOracle(name, question);
  return answerOf(status, "advisories" in rest ? rest.advisories : []);
};

type Answers = { readonly title: string; readonly ours: string } & Readonly<Record<OracleName, string>>;

const askAll = async (title: string, question: QuoteQuestion): Promise<Answers> => ({
  title,
  ours: ours(question),
  "dcap-qvl": await theirs("dcap-qvl", question),
  "dcap-qvl-web": await theirs("dcap-qvl-web", question),
});

/** The answers that are declared for a case: none, or the one that differs from ours. */
const declaredFor = (name: OracleName, title: string): string[] =>
  differences.flatMap(({ of }) =>
    Object.entries(of[name] ?? {})
      .filter(([, titles]) => titles.some((one) => (typeof one === "string" ? one === title : one.test(title))))
      .map(([answer]) => answer),
  );

/** What is wrong with an answer: it is neither ours nor the one declared, or it is ours though another one is declared. */
const faultOf = (name: OracleName, { title, ours, [name]: found }: Answers): string | undefined => {
  const [declared, ...more] = declaredFor(name, title);
  const isOther = declared === drawn || (found === declared && found !== ours);
  if (declared === undefined ? found === ours : isOther && more.length === 0) return undefined;
  return `${title}: ours ${ours}, theirs ${found}, declared ${[declared, ...more].join(" and ")}`;
};

/** Real quotes on which a verifier answers otherwise. */
const ofRealQuotes: readonly (readonly [OracleName, string, string])[] = [
  ["dcap-qvl-web", "tdx-v4-samehost-a", "Unknown"],
  ["dcap-qvl-web", "tdx-v4-samehost-b", "Unknown"],
];

describe("Verifiers of others", function () {
  this.timeout(120_000);
  printSeedOnFailure();
  const titles = allCases.map(([title]) => title);

  it("are asked each case by a title of its own, and every declared difference is of a case", () => {
    expect(new Set(titles).size).to.equal(titles.length);
    const declared = differences.flatMap(({ of }) => Object.values(of).flatMap((answers) => Object.values(answers)));
    for (const one of declared.flat())
      expect(
        titles.some((title) => (typeof one === "string" ? one === title : one.test(title))),
        `${one}`,
      ).to.equal(true);
  });

  describe("asked all minted cases", () => {
    const answers: Answers[] = [];
    before(async () => {
      for (const [title, question] of allCases) answers.push(await askAll(title, question()));
    });

    for (const name of oracleNames)
      it(`agree but for the declared differences: ${name}`, () => {
        const faults = answers.flatMap((one) => faultOf(name, one) ?? []);
        const agreed = answers.filter((one) => one[name] === one.ours).length;
        console.log(`      ${agreed} answers are ours, ${answers.length - agreed} are not`);
        expect(faults).to.deep.equal([]);
      });
  });

  it("agree on real quotes but for the declared differences", async function () {
    const { path, absent } = attestationFolder();
    if (path === undefined) {
      console.log(`      skipped: ${absent}`);
      return this.skip();
    }
    const found: (readonly [OracleName, string, string])[] = [];
    const entries = await readDcapManifest(path);
    for (const { name: title, quote, collateral, at } of entries)
      for (const name of oracleNames) {
        const answer = await theirs(name, { quote, collateral, at });
        if (answer !== ours({ quote, collateral, at })) found.push([name, title, answer]);
      }
    const declared = ofRealQuotes.filter(([, title]) => entries.some(({ name }) => name === title));
    expect(found).to.have.deep.members(declared);
  });
});
