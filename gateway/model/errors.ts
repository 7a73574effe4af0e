/** A request this server does not answer as asked. `status` is HTTP's; `code` and `param` as in OpenAI's errors. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string | null;
  readonly param: string | null;
  readonly retryAfterS: number | undefined;

  constructor(
    status: number,
    message: string,
    {
      code = null,
      param = null,
      retryAfterS,
    }: { code?: string | null; param?: string | null; retryAfterS?: number } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
    this.retryAfterS = retryAfterS;
  }
}

const typesByStatus: Readonly<Record<number, string>> = { 429: "rate_limit_error", 500: "server_error" };

/** The body of an answer that is an error. What went wrong inside the server is not told. */
export function errorBody(error: unknown): { status: number; body: object; retryAfterS: number | undefined } {
  const known = error instanceof ApiError ? error : new ApiError(500, "The model server failed; its log says why.");
  const { status, message, code, param, retryAfterS } = known;
  const type = typesByStatus[status] ?? "invalid_request_error";
  return { status, body: { error: { message, type, param, code } }, retryAfterS };
}
