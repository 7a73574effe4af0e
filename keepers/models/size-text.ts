const units = ["KB", "MB", "GB", "TB", "PB"] as const;

/** `4.1 GB`: decimal units, as models are published with. */
export const sizeText = (bytes: number): string => {
  if (bytes < 1_000) return `${bytes} bytes`;
  let value = bytes;
  let unit = -1;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${value.toFixed(1)} ${units[unit] ?? ""}`;
};
