/** What a part of a batch is answered with once the batch was sent. */
export class Pending<T> {
  readonly #at: number;
  #value: { is: T } | undefined;

  constructor(at: number) {
    this.#at = at;
  }

  /** Stands for the id of the row in later parts of the batch. */
  get id(): ID {
    return { $id: this.#at } as unknown as ID; // as the service reads it
  }

  /** The answer; undefined until the batch was sent. */
  get value(): T | undefined {
    return this.#value?.is;
  }

  /** @internal */
  answer(is: T): void {
    this.#value = { is };
  }
}

/** Choices for a part of a batch. */
export interface PartOptions {
  /** Has the batch refused with STALE where the row's version is another; "*" says that any is meant. */
  ifMatch?: number | "*" | undefined;
}

/** Several writes that happen together or not at all. */
class Batch {
  readonly #core: Core;
  readonly #key = newKey();
  readonly #parts: { method: string; path: string; body?: unknown; ifMatch?: string }[] = [];
  readonly #pending: Pending<unknown>[] = [];
  #sent = false;

  constructor(core: Core) {
    this.#core = core;
  }

  row(rows: string, key: ID, below = ""): string {
    return this.#core.row(rows, key, below);
  }

  add<T>(part: { method: string; path: string; body?: unknown }, options: PartOptions = {}): Pending<T> {
    const pending = new Pending<T>(this.#parts.length);
    this.#parts.push(options.ifMatch === undefined ? part : { ...part, ifMatch: matching(options.ifMatch) });
    this.#pending.push(pending as Pending<unknown>);
    return pending;
  }

  async send(options: CallOptions): Promise<void> {
    if (this.#sent) {
      throw new TypeError("batch: was sent already");
    }
    if (this.#parts.length === 0) {
      return;
    }
    const call: Call = { operation: "batch", method: "POST", path: "/v1/batch", body: { requests: this.#parts }, keyed: true };
    const { responses } = await this.#core.call<{ responses: { body?: unknown }[] }>(call, { idempotencyKey: this.#key, ...options });
    this.#sent = true;
    responses.forEach((response, i) => this.#pending[i]?.answer(response.body));
  }
}
