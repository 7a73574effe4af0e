/** PEM as Intel writes it: 64 characters a line, a line feed after each. */

export const pemOf = (der: Uint8Array, label = "CERTIFICATE", lineEnd = "\n"): string => {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join(lineEnd);
};

export const pemChain = (ders: readonly Uint8Array[]): string => ders.map((der) => pemOf(der)).join("");
