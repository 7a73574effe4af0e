import { encodeGguf, type GgufTensor, type GgufValue } from "../gguf.ts";
import type { Matrix } from "./matrix.ts";
import type { Shape, Weights } from "./network.ts";
import { chatTemplate, tokenTexts, turnTokens } from "./tokens.ts";

const contextLength = 2048;
const plainToken = 1;
const controlToken = 3;

/** The GGUF file of a network. */
export function toGguf(shape: Shape, weights: Weights): Uint8Array {
  return encodeGguf({ metadata: new Map(Object.entries(metadataOf(shape))), tensors: tensorsOf(weights) });
}

function metadataOf(shape: Shape): Record<string, GgufValue> {
  const texts = tokenTexts();
  const u32 = (value: number): GgufValue => ({ type: "u32", value });
  const f32 = (value: number): GgufValue => ({ type: "f32", value });
  const string = (value: string): GgufValue => ({ type: "string", value });
  return {
    "general.architecture": string("llama"),
    "general.name": string("Atoma embedded model"),
    "general.license": string("mit"),
    "general.alignment": u32(32),
    "general.file_type": u32(0),
    "llama.context_length": u32(contextLength),
    "llama.embedding_length": u32(shape.embedding),
    "llama.block_count": u32(shape.layers),
    "llama.feed_forward_length": u32(shape.feedForward),
    "llama.attention.head_count": u32(shape.heads),
    "llama.attention.head_count_kv": u32(shape.heads),
    "llama.attention.layer_norm_rms_epsilon": f32(shape.epsilon),
    "llama.rope.dimension_count": u32(shape.embedding / shape.heads),
    "llama.rope.freq_base": f32(shape.ropeBase),
    "llama.vocab_size": u32(shape.vocabulary),
    "tokenizer.ggml.model": string("gpt2"),
    "tokenizer.ggml.pre": string("gpt-2"),
    "tokenizer.ggml.tokens": { type: "strings", value: texts },
    "tokenizer.ggml.token_type": { type: "i32s", value: texts.map((_, id) => (id < 256 ? plainToken : controlToken)) },
    "tokenizer.ggml.merges": { type: "strings", value: [] },
    "tokenizer.ggml.bos_token_id": u32(turnTokens.end),
    "tokenizer.ggml.eos_token_id": u32(turnTokens.end),
    "tokenizer.ggml.eot_token_id": u32(turnTokens.end),
    "tokenizer.ggml.add_bos_token": { type: "bool", value: false },
    "tokenizer.ggml.add_eos_token": { type: "bool", value: false },
    "tokenizer.chat_template": string(chatTemplate),
  };
}

function tensorsOf(weights: Weights): GgufTensor[] {
  const layers = weights.layers.flatMap((layer, i) => [
    tensor(`blk.${i}.attn_norm`, layer.attentionNorm),
    tensor(`blk.${i}.attn_q`, layer.query),
    tensor(`blk.${i}.attn_k`, layer.key),
    tensor(`blk.${i}.attn_v`, layer.value),
    tensor(`blk.${i}.attn_output`, layer.output),
    tensor(`blk.${i}.ffn_norm`, layer.feedForwardNorm),
    tensor(`blk.${i}.ffn_gate`, layer.gate),
    tensor(`blk.${i}.ffn_up`, layer.up),
    tensor(`blk.${i}.ffn_down`, layer.down),
  ]);
  return [
    tensor("token_embd", weights.embedding),
    ...layers,
    tensor("output_norm", weights.finalNorm),
    tensor("output", weights.head),
  ];
}

function tensor(name: string, { rows, columns, data }: Matrix): GgufTensor {
  const bytes = Buffer.alloc(data.length * 4);
  data.forEach((value, i) => bytes.writeFloatLE(value, i * 4));
  return { name: `${name}.weight`, sizes: rows === 1 ? [columns] : [columns, rows], type: "F32", data: bytes };
}
