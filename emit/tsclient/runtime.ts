// What every client has, whatever its design: it sends, tries again, stays signed in, and reads answers. What depends on the
// design stands below it in the written file.

/** The id of a row. Where a row is named, its key does as well. */
export type ID = string;
/** An exact number as digits, "12.50": what a double cannot hold is no number in JSON. BigInt and libraries of decimals read it. */
export type Decimal = string;
/** A whole number of 64 bits as digits; BigInt reads it. */
export type Int64 = string;
/** A moment, "2026-03-29T01:30:00Z"; new Date reads it. */
export type DateTime = string;
/** A day of the calendar, "2026-03-29". */
export type CalendarDate = string;
/** A time on some wall clock, "09:30:00". */
export type TimeOfDay = string;
/** A span of time, "1h30m0s". */
export type Duration = string;
/** Bytes in base64. */
export type Bytes = string;
/** Any value of JSON. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A row by its id alone. */
export interface Reference {
  id: ID;
}
/** A reference to a row: its id, or the row where it was asked for and may be seen. See whole. */
export type Ref<T> = T | Reference;

/** The row that a reference leads to where it is there, else undefined. */
export function whole<T extends object>(ref: Ref<T> | null | undefined): T | undefined {
  return ref && Object.keys(ref).some((name) => name !== "id") ? (ref as T) : undefined;
}

/** Some of the rows that fit. */
export interface PageOf<T> {
  items: T[];
  /** For after of the next page, null on the last. */
  next: string | null;
  /** For before of the page before, null on the first. */
  previous: string | null;
  /** How many rows fit, where count asked. */
  total?: number;
}

/** Some of the groups of rows that fit, in the order of their keys, null last. */
export interface GroupsOf<T> {
  groups: T[];
  next: string | null;
}

type Head<F extends string> = F extends `${infer H}.${string}` ? H : F;
type Tail<F extends string, K> = K extends string ? (F extends `${K}.${infer R}` ? R : never) : never;
type Below<V, F extends string> = [F] extends [never]
  ? V
  : V extends readonly (infer E)[]
    ? Shown<E, F>[]
    : V extends PageOf<infer E>
      ? PageOf<Shown<E, F>>
      : V extends object
        ? Head<F> extends keyof V
          ? Shown<V, F>
          : never
        : V;
/** What fields leaves of a T. */
export type Shown<T, F extends string> = { [K in keyof T & Head<F>]-?: Below<Exclude<T[K], undefined>, Tail<F, K>> };
/** A T, or what fields leaves of it. */
export type Seen<T, F extends string> = [F] extends [never] ? T : Shown<T, F>;

/** Which rows to list, and how. */
export interface Query<W, O extends string, F extends string, I extends string> {
  /** All of it holds. */
  where?: W;
  /** Words that rows have, of what has a search. */
  search?: string;
  /** "-" sorts downwards. As the service lists them unless given. */
  order?: readonly O[];
  /** Rows of a page. */
  limit?: number;
  /** Next of the page before. */
  after?: string;
  /** Previous of the page after, in the place of after; empty for the last page. */
  before?: string;
  /** All that is shown of a row; everything but lists unless given. */
  fields?: readonly F[];
  /** References and lists to bring along. */
  include?: readonly I[];
  /** Also count all rows that fit. */
  count?: boolean;
}

/** What to work out of rows. */
export interface Aggregation<W, G extends string, M extends string> {
  where?: W;
  search?: string;
  /** What the rows of a group have in common; without it there is one group. */
  groupBy?: readonly G[];
  /** Whose clocks tell where a period begins; UTC unless given. */
  zone?: string;
  sum?: readonly M[];
  avg?: readonly M[];
  min?: readonly M[];
  max?: readonly M[];
  limit?: number;
  after?: string;
}

interface SameFilter<T> {
  eq?: T;
  ne?: T;
  in?: readonly T[];
  notIn?: readonly T[];
  isNull?: boolean;
}
interface OrderedFilterOf<T> extends SameFilter<T> {
  gt?: T;
  gte?: T;
  lt?: T;
  lte?: T;
}
interface TextFilterOf<T> extends OrderedFilterOf<T> {
  contains?: string;
  startsWith?: string;
}
/** A condition on what is the same or not; a bare value means eq, null that it is null. */
export type EqualFilter<T> = T | null | SameFilter<T>;
/** A condition on what is less or greater. */
export type OrderedFilter<T> = T | null | OrderedFilterOf<T>;
/** A condition on text. */
export type TextFilter<T> = T | null | TextFilterOf<T>;
/** A condition on what is true or false. */
export type BoolFilter = boolean | null | { eq?: boolean; ne?: boolean; isNull?: boolean };
/** A condition on a reference, or on the row that it leads to. */
export type ReferenceFilter<W> = ID | null | (SameFilter<ID> & W);
/** A condition on a list of values. */
export interface ListFilter<T> {
  has?: T;
  hasSome?: readonly T[];
  hasEvery?: readonly T[];
  isEmpty?: boolean;
  isNull?: boolean;
}

/** How often a request is sent again, and after how long. */
export interface Retry {
  /** In all; 4 unless given, 1 never tries again. */
  tries?: number;
  /** The longest pause before the second try in milliseconds, doubled for each other; 200 unless given. */
  base?: number;
  /** The longest pause in milliseconds; 20,000 unless given. Who is told to wait longer is told so by the error. */
  max?: number;
}

/** What signing in gives. */
export interface TokenPair {
  accessToken: string;
  refreshToken?: string;
}

/** Keeps tokens, undefined while nobody is signed in. One that several tabs or processes share hands out what was saved last. */
export interface TokenStore {
  load(): TokenPair | undefined | Promise<TokenPair | undefined>;
  save(tokens: TokenPair | undefined): void | Promise<void>;
}

/** A store in memory, which holds tokens at first. */
export function keepTokens(tokens?: TokenPair): TokenStore {
  return {
    load: () => tokens,
    save: (next) => {
      tokens = next;
    },
  };
}

/** What a client may be told. */
export interface Config {
  /** Sends requests; the fetch of the platform unless given. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Keeps who is signed in; memory unless given. */
  tokens?: TokenStore;
  retry?: Retry;
  /** Sent with each request. */
  headers?: Readonly<Record<string, string>>;
}

/** What else a call was answered with. */
export interface CallInfo {
  status: number;
  /** Of the row or page, for ifNoneMatch. */
  etag: string | null;
  /** An earlier try had been done, and this is what it was answered. */
  replayed: boolean;
  /** How often the request was sent. */
  tries: number;
}

/** Choices for one call. */
export interface CallOptions {
  /** Gives the call up. */
  signal?: AbortSignal | undefined;
  /** Names a write, so that to send it again, even from another process, is to do it once. */
  idempotencyKey?: string | undefined;
  /** Has a change refused with STALE where the row's version is another; "*" says that any is meant. */
  ifMatch?: number | "*" | undefined;
  /** Has a read fail with NotModified where what is read still has the tag. */
  ifNoneMatch?: string | undefined;
  /** Is told what else the call was answered with. */
  info?: ((info: CallInfo) => void) | undefined;
}

/** Choices for one call that is answered with a row. */
export interface RowOptions<F extends string, I extends string> extends CallOptions {
  /** All that is shown of the row; everything but lists unless given. */
  fields?: readonly F[];
  /** References and lists to bring along. */
  include?: readonly I[];
}

/** What is wrong with one field of what was sent. */
export interface FieldError {
  /** "price.amount" */
  field: string;
  code: Code;
  detail: string;
}

/** A problem that the service answered with (RFC 9457). */
export class ServiceError extends Error {
  override readonly name: string = "ServiceError";
  /** The method that was called. */
  readonly operation: string;
  readonly status: number;
  readonly code: Code;
  readonly title: string;
  readonly detail: string;
  /** Names a failure of the service, for whoever looks into it. */
  readonly instance: string;
  readonly fields: readonly FieldError[];
  /** Seconds after which to try again, 0 where nothing is said. */
  readonly retryAfter: number;
  /** How often the request was sent. */
  readonly tries: number;

  constructor(operation: string, status: number, problem: Problem, retryAfter: number, tries: number) {
    const fields = (problem.errors ?? []).map((f) => `; ${f.field} ${f.detail} (${f.code})`).join("");
    super(`${operation}: ${[status, problem.code].filter(Boolean).join(" ")}: ${(problem.detail || problem.title || "").replace(/\.$/, "")}${fields}`);
    this.operation = operation;
    this.status = status;
    this.code = problem.code ?? "";
    this.title = problem.title ?? "";
    this.detail = problem.detail ?? "";
    this.instance = problem.instance ?? "";
    this.fields = problem.errors ?? [];
    this.retryAfter = retryAfter;
    this.tries = tries;
  }

  /** Whether it is about a code, as a whole or in one of the fields. */
  is(code: Code): boolean {
    return this.code === code || this.fields.some((f) => f.code === code);
  }
}

/** The session has ended: sign in again. */
export class SignedOut extends ServiceError {
  override readonly name: string = "SignedOut";
}

/** No answer came, or none that can be read: NO_ANSWER, with its cause. Nobody knows whether it was done. */
export class NoAnswer extends ServiceError {
  override readonly name: string = "NoAnswer";

  constructor(operation: string, cause: unknown, tries: number) {
    super(operation, 0, { code: "NO_ANSWER", detail: cause instanceof Error ? cause.message : String(cause) }, 0, tries);
    this.cause = cause;
  }
}

/** What is read still has the tag that ifNoneMatch gave. */
export class NotModified extends Error {
  override readonly name: string = "NotModified";
}

interface Problem {
  title?: string;
  detail?: string;
  instance?: string;
  code?: Code;
  errors?: FieldError[];
}

type Values = URLSearchParams;

interface Call {
  operation: string;
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  query?: Values;
  body?: unknown;
  /** The service heeds an Idempotency-Key. */
  keyed?: boolean;
  /** It is asked without a token. */
  nobody?: boolean;
}

interface Sent {
  response: Response;
  text: string;
  /** Of a good answer with a body. */
  value: unknown;
}

class Lost extends Error {
  constructor(cause: unknown) {
    super("no answer", { cause });
  }
}

/** What a client and its resources share. */
class Core {
  readonly base: string;
  readonly config: Config;
  readonly tenancy: string;
  readonly tenant: string;
  readonly session: Session;

  constructor(base: string, config: Config, tenancy: string, tenant = "", session?: Session) {
    const url = new URL(base);
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      throw new TypeError(`base URL ${JSON.stringify(base)}: want one such as https://api.example.com`);
    }
    url.search = url.hash = "";
    this.base = url.href.replace(/\/$/, "");
    this.config = config;
    this.tenancy = tenancy;
    this.tenant = tenant;
    this.session = session ?? { tokens: config.tokens ?? keepTokens(), readAfter: "0" };
  }

  /** The same in a tenant, with the same session. */
  in(tenant: string): Core {
    return new Core(this.base, this.config, this.tenancy, tenant, this.session);
  }

  async call<T>(call: Call, options: RowOptions<string, string>): Promise<T> {
    const query = new URLSearchParams(call.query);
    setPaths(query, "fields", options.fields);
    setPaths(query, "include", options.include);
    const where = this.#locate(call, query);
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const key = call.keyed ? (options.idempotencyKey ?? newKey()) : undefined;
    return (await this.#try(call, where, body, key, options)).value as T;
  }

  list<T>(call: Omit<Call, "method">, query: Query<unknown, string, string, string>, options: CallOptions): Promise<PageOf<T>> {
    return this.call<PageOf<T>>({ ...call, method: "GET", query: queryValues(query, call.query) }, options);
  }

  /** Page after page, as long as rows are asked for. */
  async *all<T>(call: Omit<Call, "method">, query: Query<unknown, string, string, string>, options: CallOptions): AsyncGenerator<T, void, undefined> {
    for (let next = query; ; ) {
      const page = await this.list<T>(call, next, options);
      yield* page.items;
      if (page.next === null) {
        return;
      }
      next = { ...query, after: page.next, count: false };
      delete next.before;
    }
  }

  aggregate<T>(call: Omit<Call, "method">, a: Aggregation<unknown, string, string>, options: CallOptions): Promise<GroupsOf<T>> {
    const query = queryValues(a, undefined);
    if (a.zone !== undefined) {
      query.set("zone", a.zone);
    }
    setPaths(query, "groupBy", a.groupBy);
    for (const of of ["sum", "avg", "min", "max"] as const) {
      setPaths(query, of, a[of]);
    }
    return this.call<GroupsOf<T>>({ ...call, method: "GET", query }, options);
  }

  async signIn(body: unknown, options: CallOptions): Promise<void> {
    const { accessToken, refreshToken } = await this.call<Required<TokenPair>>({ operation: "signIn", method: "POST", path: "/auth/sign-in", body, nobody: true }, options);
    await this.session.tokens.save({ accessToken, refreshToken });
  }

  async signOut(options: CallOptions): Promise<void> {
    const tokens = await this.session.tokens.load();
    if (tokens === undefined) {
      return;
    }
    const call: Call = { operation: "signOut", method: "POST", path: "/auth/sign-out" };
    if (tokens.refreshToken !== undefined) {
      call.nobody = true;
      call.body = { refreshToken: tokens.refreshToken };
    }
    try {
      await this.call(call, options);
    } catch (error) {
      if (!(error instanceof ServiceError && error.status === 401)) {
        throw error;
      }
    }
    await this.session.tokens.save(undefined);
  }

  /** The path of a row, or of what is below it. */
  row(rows: string, key: ID, below = ""): string {
    return `${rows}/${segmentOf(key)}${below}`;
  }

  /** Arguments as parameters: lists with commas between, objects as JSON. */
  parameters(values: Readonly<Record<string, unknown>>): Values {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined || value === null || typeof value === "function") {
        continue; // a parameter cannot say null; a function is what every object has under the name of an argument
      }
      if (Array.isArray(value)) {
        query.set(name, commas(value));
      } else {
        query.set(name, typeof value === "object" ? JSON.stringify(value) : String(value));
      }
    }
    return query;
  }

  #locate(call: Call, query: Values): string {
    let base = this.base;
    if (this.tenant !== "" && call.path.startsWith("/v1/")) {
      const [kind, segment] = this.tenancy.split(":");
      if (kind === "path") {
        base += `/${segment}/${segmentOf(this.tenant)}`;
      } else if (kind === "subdomain") {
        if (/[./:@ ]/.test(this.tenant)) {
          throw new TypeError(`tenant ${JSON.stringify(this.tenant)}: is no part of a host`);
        }
        base = base.replace("://", `://${this.tenant}.`);
      }
    }
    const text = query.toString();
    return base + call.path + (text === "" ? "" : `?${text}`);
  }

  #headers(call: Call, body: string | undefined, key: string | undefined, token: string | undefined, options: CallOptions): Record<string, string> {
    const headers: Record<string, string> = { ...this.config.headers, Accept: "application/json" };
    if (body !== undefined) {
      headers["Content-Type"] = "application/json";
    }
    if (key !== undefined) {
      headers["Idempotency-Key"] = key;
    }
    if (options.ifMatch !== undefined) {
      headers["If-Match"] = matching(options.ifMatch);
    }
    if (options.ifNoneMatch !== undefined) {
      headers["If-None-Match"] = options.ifNoneMatch;
    }
    if (token !== undefined) {
      headers["Authorization"] = `Bearer ${token}`;
    }
    if (this.tenancy === "header" && this.tenant !== "" && call.path.startsWith("/v1/")) {
      headers["Tenant"] = this.tenant;
    }
    if (call.method === "GET") {
      headers["Read-After"] = this.session.readAfter;
    }
    return headers;
  }

  /** Sends a request one time. */
  async #once(call: Call, where: string, body: string | undefined, key: string | undefined, token: string | undefined, options: CallOptions): Promise<Sent> {
    const init: RequestInit = { method: call.method, headers: this.#headers(call, body, key, token, options), signal: options.signal ?? null };
    if (body !== undefined) {
      init.body = body;
    }
    try {
      const response = await (this.config.fetch ?? fetch)(where, init);
      const text = await response.text();
      this.#keepReadAfter(response.headers.get("Read-After"));
      return { response, text, value: response.ok && response.status !== 204 ? JSON.parse(text) : undefined };
    } catch (error) {
      if (options.signal?.aborted) {
        throw error;
      }
      throw new Lost(error);
    }
  }

  /** Keeps the furthest of what writes were answered with: they may be answered in another order than done. */
  #keepReadAfter(value: string | null): void {
    if (value !== null && /^[0-9a-f]{1,16}$/.test(value) && BigInt(`0x${value}`) > BigInt(`0x${this.session.readAfter}`)) {
      this.session.readAfter = value;
    }
  }

  /** Sends a request until it is answered for good, and returns a good answer. */
  async #try(call: Call, where: string, body: string | undefined, key: string | undefined, options: CallOptions): Promise<Sent> {
    const harmless = call.method === "GET" || key !== undefined;
    const { tries = 4, base = 200, max = 20_000 } = this.config.retry ?? {};
    let renewed = false;
    for (let tried = 1; ; tried++) {
      const token = call.nobody ? undefined : (await this.session.tokens.load())?.accessToken;
      let failure: unknown;
      let asked = 0;
      try {
        const sent = await this.#once(call, where, body, key, token, options);
        const { response, text } = sent;
        options.info?.({
          status: response.status,
          etag: response.headers.get("ETag"),
          replayed: response.headers.get("Idempotency-Replayed") === "true",
          tries: tried,
        });
        if (response.status === 304) {
          throw new NotModified(`${call.operation}: not modified`);
        }
        if (response.ok) {
          return sent;
        }
        const problem = problemOf(call.operation, response, text, tried);
        if (response.status === 401 && token !== undefined && !renewed) {
          renewed = true;
          if (await this.#renew(token, problem, options.signal)) {
            tried--; // it was no try: nobody looked at the request
            continue;
          }
        }
        if (!mayRepeat(problem, harmless)) {
          throw problem;
        }
        failure = problem;
        asked = problem.retryAfter * 1000;
      } catch (error) {
        if (!(error instanceof Lost)) {
          throw error;
        }
        failure = new NoAnswer(call.operation, error.cause, tried);
        if (!harmless) {
          throw failure;
        }
      }
      if (tried >= tries || asked > max) {
        throw failure;
      }
      // Some part of a time that doubles, so that clients that failed together do not come again together.
      await sleep(asked + Math.random() * Math.min(base * 2 ** (tried - 1), max), options.signal);
    }
  }

  /** Gets new tokens, since the service took token no longer, once for all calls that find so. Tells whether there are others now. */
  async #renew(token: string, problem: ServiceError, signal: AbortSignal | undefined): Promise<boolean> {
    const session = this.session;
    const tokens = await session.tokens.load();
    if (tokens === undefined || tokens.accessToken !== token) {
      return tokens !== undefined; // somebody else was faster
    }
    if (tokens.refreshToken === undefined) {
      return false;
    }
    if (tokens.refreshToken === session.ended) {
      throw signedOut(problem);
    }
    // It goes on when this call is given up: a refresh token that was sent is worth nothing.
    session.renewal ??= this.#exchangeAlone(token).finally(() => {
      delete session.renewal;
    });
    session.renewal.catch(() => undefined); // also where every call that waits for it is given up
    try {
      await unless(session.renewal, signal);
    } catch (error) {
      if (error instanceof ServiceError && error.code === "UNAUTHENTICATED") {
        throw signedOut(problem);
      }
      throw error;
    }
    return true;
  }

  /** Exchanges tokens while no other tab of a browser does. */
  async #exchangeAlone(token: string): Promise<void> {
    const { navigator } = globalThis as { navigator?: { locks?: { request(name: string, run: () => Promise<void>): Promise<void> } } };
    if (navigator?.locks === undefined) {
      return this.#exchange(token);
    }
    return navigator.locks.request(`refresh ${this.base}`, () => this.#exchange(token));
  }

  async #exchange(token: string): Promise<void> {
    const tokens = await this.session.tokens.load();
    if (tokens === undefined || tokens.accessToken !== token || tokens.refreshToken === undefined) {
      return; // another tab was faster
    }
    const call: Call = { operation: "refresh", method: "POST", path: "/auth/refresh", nobody: true };
    const body = JSON.stringify({ refreshToken: tokens.refreshToken });
    for (let again = true, sent: Sent; ; again = false) {
      try {
        sent = await this.#try(call, this.#locate(call, new URLSearchParams()), body, undefined, {});
      } catch (error) {
        if (error instanceof ServiceError && error.code === "UNAUTHENTICATED") {
          this.session.ended = tokens.refreshToken;
        }
        // Where one without an answer was done, the session ends, and would have ended so: its new tokens are lost.
        if (!(error instanceof NoAnswer && again)) {
          throw error;
        }
        continue;
      }
      const { accessToken, refreshToken } = sent.value as Required<TokenPair>;
      return await this.session.tokens.save({ accessToken, refreshToken });
    }
  }
}

interface Session {
  tokens: TokenStore;
  /** How far this client has written, so that its reads see that whichever replica answers. */
  readAfter: string;
  renewal?: Promise<void>;
  /** The last refresh token that the service took no longer. */
  ended?: string;
}

function signedOut(problem: ServiceError): SignedOut {
  const { operation, status, title, instance, code, tries } = problem;
  return new SignedOut(operation, status, { title, instance, code, detail: "The session has ended." }, 0, tries);
}

/** Whether a request that was answered so may be sent again. */
function mayRepeat(problem: ServiceError, harmless: boolean): boolean {
  switch (problem.status) {
    case 429:
    case 503:
      return true;
    case 502:
    case 504:
      return harmless;
  }
  return problem.code === "IDEMPOTENCY_IN_PROGRESS"; // an earlier try is still under way
}

function problemOf(operation: string, response: Response, text: string, tries: number): ServiceError {
  let problem: Problem = {};
  try {
    const sent: unknown = JSON.parse(text);
    problem = typeof sent === "object" && sent !== null ? sent : {};
  } catch {
    problem = { detail: text.slice(0, 200).trim() };
  }
  problem.title ??= response.statusText;
  return new ServiceError(operation, response.status, problem, retryAfter(response.headers.get("Retry-After")), tries);
}

/** Reads the header Retry-After (RFC 9110, section 10.2.3). */
function retryAfter(value: string | null): number {
  if (value === null) {
    return 0;
  }
  if (/^[0-9]+$/.test(value)) {
    return Number(value);
  }
  const at = Date.parse(value);
  return Number.isNaN(at) ? 0 : Math.max((at - Date.now()) / 1000, 0);
}

/** Waits, unless the call is given up. */
function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  return unless(waited, signal).finally(() => clearTimeout(timer));
}

/** What a promise comes to, unless the call is given up. */
async function unless<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) {
    return promise;
  }
  signal.throwIfAborted();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (stop !== undefined) {
      signal.removeEventListener("abort", stop);
    }
  }
}

/** An Idempotency-Key that nobody else has. crypto.randomUUID is there only where a page is secure. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A value in a path. One that is empty, or that fetch takes for a step, would name something else: nothing has the key %00. */
function segmentOf(value: unknown): string {
  if (typeof value === "object") {
    throw new TypeError("what a batch is to make is named in a path");
  }
  const text = encodeURIComponent(String(value));
  return text === "" || text === "." || text === ".." ? "%00" : text;
}

function setPaths(query: Values, name: string, paths: readonly string[] | undefined): void {
  if (paths !== undefined && paths.length > 0) {
    query.set(name, paths.join(","));
  }
}

function queryValues(q: Query<unknown, string, string, string>, others: Values | undefined): Values {
  const query = new URLSearchParams(others);
  addConditions(query, "", q.where);
  if (q.search !== undefined && q.search !== "") {
    query.set("search", q.search);
  }
  setPaths(query, "order", q.order);
  if (q.limit !== undefined) {
    query.set("limit", String(q.limit));
  }
  if (q.after !== undefined && q.after !== "") {
    query.set("after", q.after);
  }
  if (q.before !== undefined) {
    query.set("before", q.before);
  }
  if (q.count) {
    query.set("count", "true");
  }
  setPaths(query, "fields", q.fields);
  setPaths(query, "include", q.include);
  return query;
}

const comparisons = new Set([
  "eq", "ne", "in", "notIn", "gt", "gte", "lt", "lte", "contains", "startsWith", "isNull", "has", "hasSome", "hasEvery", "isEmpty",
]);

/** Adds {title: {contains: "tea"}} as title.contains=tea, and {title: "tea"} as title.eq=tea. */
function addConditions(query: Values, path: string, where: unknown): void {
  if (typeof where !== "object" || where === null) {
    return;
  }
  for (const [name, value] of Object.entries(where)) {
    const at = path === "" ? name : `${path}.${name}`;
    if (value === undefined) {
      continue;
    }
    if (Array.isArray(value)) {
      if (value.length === 0) {
        throw new TypeError(`${at}: no values`);
      }
      query.append(at, commas(value));
    } else if (value === null) {
      query.append(`${at}.isNull`, "true");
    } else if (typeof value === "object") {
      addConditions(query, at, value);
    } else {
      query.append(path !== "" && comparisons.has(name) ? at : `${at}.eq`, String(value));
    }
  }
}

/** Values with commas between. One that holds a comma, or begins with a quote, stands in quotes. */
function commas(values: readonly unknown[]): string {
  return values
    .map((value) => {
      const text = String(value);
      return text.includes(",") || text.startsWith('"') ? `"${text.replaceAll('"', '""')}"` : text;
    })
    .join(",");
}

/** The header If-Match for a version. */
function matching(version: number | "*"): string {
  return version === "*" ? "*" : `W/"${version}"`;
}
