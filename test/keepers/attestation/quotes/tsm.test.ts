import { basename, dirname } from "node:path";
import { expect } from "chai";
import { QuoteProviderError } from "../../../../keepers/attestation/quotes/provider.ts";
import { type TsmFiles, tsmProvider } from "../../../../keepers/attestation/quotes/tsm.ts";

const reportData = Uint8Array.from({ length: 64 }, (_, i) => i);
const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\n`);

type Kernel = { readonly files: TsmFiles; readonly folders: Set<string>; readonly written: Uint8Array[] };

/**
 * A stand-in of the kernel's configfs-tsm, by its documentation: a folder has `provider`, `generation`, `inblob`, `outblob`;
 * each write raises the generation. `meddle` is called before each read of outblob, and may write too.
 */
function standIn({ provider = "tdx_guest", meddle = (_: () => void): void => {} } = {}): Kernel {
  const folders = new Set<string>();
  const written: Uint8Array[] = [];
  let generation = 7;
  const there = (path: string): void => {
    if (!folders.has(dirname(path))) throw new Error(`ENOENT ${path}`);
  };
  const files: TsmFiles = {
    mkdir: async (path) => void folders.add(path),
    rmdir: async (path) => void folders.delete(path),
    readFile: async (path) => {
      there(path);
      const name = basename(path);
      if (name === "provider") return text(provider);
      if (name === "generation") return text(String(generation));
      if (name !== "outblob") throw new Error(`ENOENT ${path}`);
      meddle(() => (generation += 1));
      return new Uint8Array([4, 0, ...(written.at(-1) ?? [])]);
    },
    writeFile: async (path, data) => {
      there(path);
      if (basename(path) !== "inblob" || data.length > 64) throw new Error(`EINVAL ${path}`);
      generation += 1;
      written.push(data);
    },
  };
  return { files, folders, written };
}

async function failureOf(quote: Promise<unknown>): Promise<unknown> {
  return quote.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("Quotes of the kernel, by a stand-in of configfs-tsm", () => {
  it("are of the report data that was given, and leave no folder behind", async () => {
    const { files, folders, written } = standIn();
    const quote = await tsmProvider("/tsm", files).quote(reportData);
    expect([...quote]).to.deep.equal([4, 0, ...reportData]);
    expect(written).to.deep.equal([reportData]);
    expect(folders.size).to.equal(0);
  });

  it("are made anew where somebody else wrote in between, and refused where it happens again and again", async () => {
    let left = 2;
    const patient = standIn({ meddle: (write) => void (left-- > 0 && write()) });
    expect([...(await tsmProvider("/tsm", patient.files).quote(reportData))].slice(2)).to.deep.equal([...reportData]);
    expect(patient.written).to.have.length(3);
    const hostile = standIn({ meddle: (write) => void write() });
    const error = await failureOf(tsmProvider("/tsm", hostile.files).quote(reportData));
    expect(error).to.be.instanceOf(QuoteProviderError).with.property("message").that.includes("somebody else writes");
    expect(hostile.folders.size).to.equal(0);
  });

  it("are not taken from another kind of TEE", async () => {
    const { files } = standIn({ provider: "sev_guest" });
    const error = await failureOf(tsmProvider("/tsm", files).quote(reportData));
    expect(error).to.be.instanceOf(QuoteProviderError).with.property("message").that.includes("come from sev_guest");
  });

  it("are refused by name on a machine without a TEE", async () => {
    const error = await failureOf(tsmProvider("/nowhere/tsm/report").quote(reportData));
    expect(error).to.be.instanceOf(QuoteProviderError).with.property("message").that.includes("is this a TDX guest");
  });

  it("have 64 bytes of report data", async () => {
    const error = await failureOf(tsmProvider("/tsm", standIn().files).quote(reportData.subarray(1)));
    expect(error).to.be.instanceOf(RangeError);
  });
});
