/** Where a file can be had: its URIs, with a gateway in place of `ipfs://`. */
import type { ModelFile } from "./manifest.ts";

/** One place to ask. */
export type Source = { readonly url: string; readonly isGateway: boolean };
/** A URI that leads nowhere here, and why. */
export type Unusable = { readonly uri: string; readonly why: string };

const ipfsUri = /^ipfs:\/\/([A-Za-z0-9]{20,128})(\/[^?#\\]*)?$/;

/** The URL at a gateway, or undefined where the URI is malformed or its path leads out of its CID. */
export const gatewayUrl = (gateway: string, uri: string): string | undefined => {
  const [, cid, path = ""] = ipfsUri.exec(uri) ?? [];
  if (cid === undefined) return undefined;
  const base = gateway.endsWith("/") ? gateway : `${gateway}/`;
  const url = URL.parse(`ipfs/${cid}${path}`, base);
  const root = URL.parse(`ipfs/${cid}`, base);
  if (url === null || root === null) return undefined;
  // dots, encoded or not, have been resolved by URL
  return url.pathname === root.pathname || url.pathname.startsWith(`${root.pathname}/`) ? url.href : undefined;
};

/** The sources of a file in the order of its manifest, and the URIs that cannot be used. */
export const sourcesOf = (
  { uris }: Pick<ModelFile, "uris">,
  gateways: readonly string[],
): { readonly sources: readonly Source[]; readonly unusable: readonly Unusable[] } => {
  const sources: Source[] = [];
  const unusable: Unusable[] = [];
  for (const uri of uris) {
    if (!uri.startsWith("ipfs:")) sources.push({ url: uri, isGateway: false });
    else if (gateways.length === 0) unusable.push({ uri, why: "no IPFS gateway is set" });
    else {
      const urls = gateways.flatMap((gateway) => gatewayUrl(gateway, uri) ?? []);
      if (urls.length === 0) unusable.push({ uri, why: "it is no ipfs://CID/path" });
      sources.push(...urls.map((url) => ({ url, isGateway: true })));
    }
  }
  return { sources, unusable };
};
