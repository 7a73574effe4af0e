import { expect } from "chai";
import { localEvidenceSeed } from "../../deploy/local/world.ts";
import {
  assertPublic,
  type InstanceParameters,
  local,
  production,
  rootOf,
} from "../../deploy/parameters/parameters.ts";
import { devRoot } from "../../keepers/attestation/dev/network.ts";
import { leastUnbondingS } from "../../deploy/parameters/unbonding.ts";
import { publicKeyOf } from "../../sdk/drand/bls.ts";

const privateBeacon = { beaconGenesis: 1n, beaconPeriod: 1n, beaconPublicKey: publicKeyOf(7n) };
const attestationRoot = rootOf(devRoot(localEvidenceSeed).point);

describe("Parameters of a public network", () => {
  it("hold for the production defaults", () => {
    expect(() => {
      assertPublic(production);
    }).not.to.throw();
  });

  it("refuse a beacon with a key of the operator's own", () => {
    expect(() => {
      assertPublic({ ...production, ...privateBeacon });
    }).to.throw("the beacon is not drand's evmnet");
  });

  it("refuse a root of TEE evidence that is not Intel's", () => {
    expect(() => {
      assertPublic({ ...production, attestationRoot });
    }).to.throw("the root of TEE evidence is not Intel's");
  });

  it("refuse the local ones, and name every fault at once", () => {
    expect(() => {
      assertPublic(local({ ...privateBeacon, attestationRoot }));
    })
      .to.throw()
      .with.property("message")
      .that.includes("drand's evmnet")
      .and.includes("on-chain phase")
      .and.includes("dispute window");
  });

  it("refuse an unbonding time that the longest dispute reaches, to the second", () => {
    const least = leastUnbondingS(production);
    expect(least).to.be.lessThan(production.unbonding);
    expect(() => {
      assertPublic({ ...production, unbonding: least });
    }).to.throw(`unbonding is not longer than the ${least} s`);
    expect(() => {
      assertPublic({ ...production, unbonding: least + 1 });
    }).not.to.throw();
  });

  it("refuse each value that is too short by itself", () => {
    const changes: readonly Partial<InstanceParameters["parameters"]>[] = [
      { chainPhase: 59 },
      { beaconDelay: 5 },
      { disputeWindow: 3_599 },
      { tipFloor: 0 },
    ];
    for (const change of changes) {
      const changed = { ...production, parameters: { ...production.parameters, ...change } };
      expect(() => {
        assertPublic(changed);
      }, JSON.stringify(change)).to.throw("Not fit for a public network");
    }
  });
});
