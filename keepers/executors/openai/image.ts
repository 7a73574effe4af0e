/** The answer to the question for an image: its very bytes. */
import { z } from "zod";
import { garbage } from "./fault.ts";
import { checkModel } from "./text.ts";

const answer = z.object({ model: z.string().nullish(), data: z.tuple([z.object({ b64_json: z.string().min(1) })]) });

/** One unit for every 1,024 pixels begun: servers count no tokens of images. */
export const fuelOfImage = ({ width, height }: { readonly width: number; readonly height: number }): number =>
  Math.ceil((width * height) / 1_024);

const base64 = /^[A-Za-z0-9+/]+={0,2}$/;
const signatures = ["89504e470d0a1a0a", "ffd8ff", "52494646"]; // PNG, JPEG, WebP

/** Reads the answer. Many servers do not name their model here; one that does has to name the right one. Throws BackendError. */
export const readImage = (value: unknown, servedAs: string): Uint8Array => {
  const parsed = answer.safeParse(value);
  if (!parsed.success) throw garbage("the answer is no image in base64");
  checkModel(parsed.data.model, servedAs);
  const text = parsed.data.data[0].b64_json;
  const bytes = Buffer.from(text, "base64");
  if (
    !base64.test(text) ||
    text.length % 4 !== 0 ||
    bytes.length !== (text.length / 4) * 3 - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0)
  )
    throw garbage("the image is not base64");
  if (!signatures.some((start) => bytes.toString("hex", 0, 8).startsWith(start)))
    throw garbage("the image is no PNG, JPEG or WebP");
  return new Uint8Array(bytes);
};
