import type { Context } from "../../sdk/client/context.ts";
import { createAtomaClient } from "../../sdk/client/create-client.ts";
import { parseDeployments } from "../../sdk/client/instances.ts";

/** A client for each instance of a deployment file, by its name. */
export function clientsOf(clients: Omit<Context, "deployment">, record: unknown) {
  const all = parseDeployments(record);
  return new Map(all.map(({ name = "", deployment }) => [name, createAtomaClient({ ...clients, deployment })]));
}
