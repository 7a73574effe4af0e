import { makeWasmExecutor } from "../../../keepers/executors/wasm/executor.ts";
import { assemble, body, op } from "./assemble.ts";
import { describeExecutor } from "./conformance.ts";
import { ascii, guest, limitsOf, taskOf } from "./fixtures.ts";

const endless = assemble({ functions: [[0, body([], op.forever)]] });

describeExecutor("wasm", () =>
  Promise.resolve({
    executor: makeWasmExecutor(),
    task: taskOf(guest("fold")),
    input: ascii("HPHPPHHPHP:50000"),
    otherInput: ascii("HPHPPHHPHH:50000"),
    badInput: ascii("HPXP"),
    badTask: taskOf(ascii("not a module")),
    limits: limitsOf(),
    slow: { task: taskOf(endless), input: new Uint8Array(), limits: limitsOf({ fuel: 2n ** 62n }) },
  }),
);
