/** How a platform's status and those of its parts become one. */
import type { Difference } from "./difference.ts";

const merge = (platform: string, module: string, enclave: string): string =>
  `a platform ${platform} with a module ${module} and an enclave ${enclave}`;

export const differencesInStatuses: readonly Difference[] = [
  {
    what: "status and advisories of the TDX module",
    they: "do not count",
    here: "count, by the rule of Intel's library",
    of: {
      "dcap-qvl": {
        UpToDate: [merge("UpToDate", "OutOfDate", "UpToDate")],
        SWHardeningNeeded: [merge("SWHardeningNeeded", "OutOfDate", "UpToDate")],
        ConfigurationNeeded: [merge("ConfigurationNeeded", "OutOfDate", "UpToDate")],
        OutOfDate: [merge("UpToDate", "Revoked", "OutOfDate")],
        "OutOfDate ENCLAVE PLATFORM": ["advisories of platform, module and enclave"],
      },
    },
  },
  {
    what: "status and advisories of the quoting enclave and the TDX module",
    they: "do not count",
    here: "count, by the rule of Intel's library",
    of: {
      "dcap-qvl-web": {
        UpToDate: [
          merge("UpToDate", "OutOfDate", "UpToDate"),
          merge("UpToDate", "UpToDate", "OutOfDate"),
          merge("UpToDate", "Revoked", "OutOfDate"),
        ],
        SWHardeningNeeded: [
          merge("SWHardeningNeeded", "OutOfDate", "UpToDate"),
          merge("SWHardeningNeeded", "OutOfDate", "Revoked"),
        ],
        ConfigurationNeeded: [
          merge("ConfigurationNeeded", "OutOfDate", "UpToDate"),
          merge("ConfigurationNeeded", "UpToDate", "OutOfDate"),
        ],
        ConfigurationAndSWHardeningNeeded: [merge("ConfigurationAndSWHardeningNeeded", "OutOfDate", "OutOfDate")],
        "OutOfDate PLATFORM": ["advisories of platform, module and enclave"],
      },
    },
  },
  {
    what: "a platform that needs configuration with an enclave that is out of date",
    they: "`OutOfDate`, the worse of the two",
    here: "`OutOfDateConfigurationNeeded`, by the rule of Intel's library",
    of: {
      "dcap-qvl": {
        OutOfDate: [
          merge("ConfigurationNeeded", "UpToDate", "OutOfDate"),
          merge("ConfigurationAndSWHardeningNeeded", "OutOfDate", "OutOfDate"),
        ],
      },
    },
  },
  {
    what: "status `Revoked`",
    they: "an error, without status",
    here: "a status that no caller should allow",
    of: {
      "dcap-qvl": {
        refused: [
          /^version (3, SGX|[45], TD).*, Revoked, /,
          merge("Revoked", "UpToDate", "OutOfDate"),
          merge("SWHardeningNeeded", "OutOfDate", "Revoked"),
        ],
      },
    },
  },
];
