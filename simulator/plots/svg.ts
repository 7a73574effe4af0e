import { type Scale, scaleOf } from "./axis.ts";
import type { Axis, Plot, Point, Series } from "./plot.ts";

const size = { width: 720, height: 420 };
const frame = { left: 76, right: 190, top: 40, bottom: 52 };
const colours = ["#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#57606a", "#bf3989"];

type Place = { readonly x: (value: number) => number; readonly y: (value: number) => number };

/** A plot as an SVG file. The same plot gives the same text. */
export function svgOf(plot: Plot): string {
  const points = plot.series.flatMap((series) => series.points);
  const xScale = scaleOf(plot.x, points.map(({ x }) => x)); // prettier-ignore
  const yScale = scaleOf(plot.y, points.flatMap(({ y, error = 0 }) => [y - error, y + error])); // prettier-ignore
  const inner = { width: size.width - frame.left - frame.right, height: size.height - frame.top - frame.bottom };
  const place: Place = {
    x: (value) => frame.left + clamp(xScale.at(value)) * inner.width,
    y: (value) => frame.top + (1 - clamp(yScale.at(value))) * inner.height,
  };
  const body = [
    `<rect width="${size.width}" height="${size.height}" fill="#ffffff"/>`,
    text(frame.left, 24, plot.title, `font-size="15" font-weight="600"`),
    ...gridOf(plot, xScale, yScale, place),
    ...plot.series.flatMap((series, index) => seriesOf(series, colourOf(index), place, plot.y)),
    ...plot.series.flatMap((series, index) => legendOf(series, colourOf(index), index)),
  ];
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="12" fill="#24292f">`;
  return [open, ...body, "</svg>", ""].join("\n");
}

function gridOf(plot: Plot, xScale: Scale, yScale: Scale, place: Place): string[] {
  const [left, right] = [frame.left, size.width - frame.right];
  const [top, bottom] = [frame.top, size.height - frame.bottom];
  return [
    ...yScale.ticks.map((value) => line(left, place.y(value), right, place.y(value), "#d8dee4")),
    ...yScale.ticks.map((value) => text(left - 8, place.y(value) + 4, tick(value, plot.y), `text-anchor="end"`)),
    ...xScale.ticks.map((value) => line(place.x(value), bottom, place.x(value), bottom + 5, "#57606a")),
    ...xScale.ticks.map((value) => text(place.x(value), bottom + 19, tick(value, plot.x), `text-anchor="middle"`)),
    line(left, bottom, right, bottom, "#57606a"),
    line(left, top, left, bottom, "#57606a"),
    text((left + right) / 2, size.height - 12, plot.x.label, `text-anchor="middle"`),
    text(0, 0, plot.y.label, `text-anchor="middle" transform="translate(16 ${(top + bottom) / 2}) rotate(-90)"`),
  ];
}

function seriesOf({ points, style }: Series, colour: string, place: Place, y: Axis): string[] {
  const shown = points.filter((point) => y.scale === "linear" || point.y > 0);
  const at = (point: Point): string => `${round(place.x(point.x))},${round(place.y(point.y))}`;
  const path = `<polyline points="${shown.map(at).join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>`;
  const dots = shown.flatMap((point) => dotOf(point, colour, place, y));
  return style === "line" ? [path] : style === "dots" ? dots : [path, ...dots];
}

function dotOf({ x, y, error = 0 }: Point, colour: string, place: Place, axis: Axis): string[] {
  const low = axis.scale === "log" && y - error <= 0 ? y : y - error;
  const bar = error > 0 ? [line(place.x(x), place.y(low), place.x(x), place.y(y + error), colour)] : [];
  return [...bar, `<circle cx="${round(place.x(x))}" cy="${round(place.y(y))}" r="3" fill="${colour}"/>`];
}

function legendOf({ name, style }: Series, colour: string, index: number): string[] {
  const [x, y] = [size.width - frame.right + 14, frame.top + 10 + 19 * index];
  const dash = line(x, y, x + 16, y, colour, 2);
  const dot = `<circle cx="${x + 8}" cy="${y}" r="3" fill="${colour}"/>`;
  const marks = style === "line" ? [dash] : style === "dots" ? [dot] : [dash, dot];
  return [...marks, text(x + 22, y + 4, name)];
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string, width = 1): string {
  const [a, b, c, d] = [x1, y1, x2, y2].map(round);
  return `<line x1="${a}" y1="${b}" x2="${c}" y2="${d}" stroke="${colour}" stroke-width="${width}"/>`;
}

function text(x: number, y: number, words: string, attributes = ""): string {
  const escaped = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped}</text>`;
}

function tick(value: number, { scale, unit = "plain" }: Axis): string {
  if (unit === "percent") return `${Number((100 * value).toPrecision(6))}%`;
  if (unit === "thousands") return value >= 1_000_000 ? `${value / 1_000_000}M` : `${value / 1_000}k`;
  return scale === "log" && (value < 0.01 || value > 10_000) ? value.toExponential(0) : String(value);
}

function clamp(part: number): number {
  return Math.min(1, Math.max(0, part));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function colourOf(index: number): string {
  return colours[index % colours.length] ?? "#000000";
}
