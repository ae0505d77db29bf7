// Calls a seeded shop, whose URL is SERVICE_URL, by its written client.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, NoAnswer, NotModified, ServiceError, SignedOut, keepTokens, whole } from "./api/typescript/client.js";
import type { Config, Decimal, NewProduct, Product, TokenPair } from "./api/typescript/client.js";

const url = process.env["SERVICE_URL"] ?? "http://localhost:8080";
const password = "correct horse battery";

/** fast tries again at once, so that tests wait for nothing. */
const fast = { base: 0 };

type Send = NonNullable<Config["fetch"]>;

async function signedIn(name: string, send?: Send): Promise<Client> {
  const client = new Client(url, { retry: fast, ...(send && { fetch: send }) });
  await client.signIn(`${name}@shop.example`, password);
  return client;
}

/** problem is the problem that a call fails with. */
async function problem(call: Promise<unknown>): Promise<ServiceError> {
  const error: unknown = await call.then(() => assert.fail("it did not fail"), (e: unknown) => e);
  assert.ok(error instanceof ServiceError, String(error));
  return error;
}

const pathOf = (at: string) => new URL(at).pathname;
const unique = () => Math.random().toString(36).slice(2, 10);

test("rows are read and written", async () => {
  const c = await signedIn("staff");
  const slug = `ts-${unique()}`;
  const category = (await c.categories.list({ limit: 1 })).items[0]!;
  const row: NewProduct = {
    category: category.id, slug, title: "A typed tea",
    variants: { create: [{ sku: "T1", price: { amount: "12345678901234.6789", currency: "EUR" }, stock: 3 }] },
  };
  const made = whole(await c.products.create(row, { include: ["variants", "category"] }))!;
  const amount: Decimal | undefined = made.variants?.[0]?.price.amount;
  assert.equal(amount, "12345678901234.6789");
  assert.equal(whole(made.category)?.name, category.name);
  assert.equal(made.version, 1);

  const changed = await c.products.update(slug, { listed: true }, { ifMatch: made.version });
  assert.equal(changed?.listed, true);
  assert.equal(changed?.title, "A typed tea");
  assert.equal(whole(changed!.category), undefined);
  assert.ok((await problem(c.products.update(slug, { title: "Too late" }, { ifMatch: made.version }))).is("STALE"));

  let etag = "";
  await c.products.get(slug, { info: (info) => (etag = info.etag ?? "") });
  await assert.rejects(c.products.get(slug, { ifNoneMatch: etag }), NotModified);

  const some = await c.products.get(slug, { fields: ["title", "category.name", "variants.sku"] });
  const title: string = some.title;
  const under: string | undefined = some.category.name;
  const sku: string | undefined = some.variants[0]?.sku;
  assert.deepEqual({ title, under, sku, names: Object.keys(some) }, {
    title: "A typed tea", under: category.name, sku: "T1", names: ["category", "title", "variants"],
  });
  // @ts-expect-error what was not asked for is not there
  assert.equal(some.slug, undefined);

  const page = await c.products.list({
    where: { slug, title: { contains: "typed", ne: "x" }, category: { name: { in: [category.name] } }, listed: true, createdAt: { gte: made.createdAt } },
    order: ["-title", "category.name"], count: true,
  });
  assert.deepEqual([page.total, page.next, page.items.map((p: Product) => p.id)], [1, null, [made.id]]);

  const sums = await c.variants.aggregate({ where: { product: slug }, groupBy: ["price.currency"], sum: ["stock", "price.amount"] });
  assert.equal(sums.groups.length, 1);
  assert.equal(sums.groups[0]?.group["price.currency"], "EUR");
  assert.equal(sums.groups[0]?.sum?.stock, "3");

  await c.products.delete(slug);
  assert.equal((await problem(c.products.get(made.id))).code, "NOT_FOUND");
});

test("what is wrong is told by code and field", async () => {
  const c = await signedIn("customer1");
  const wrong = await problem(c.cartLines.create({ variant: "nothing", quantity: 100 }));
  assert.deepEqual([wrong.status, wrong.code, wrong.operation, wrong.tries, wrong.is("TOO_LARGE")], [422, "INVALID", "createCartLine", 1, true]);
  assert.match(wrong.message, /^createCartLine: 422 INVALID: .*quantity/);
  assert.equal((await problem(c.labels.create({ name: "mine" }))).code, "FORBIDDEN");
  await assert.rejects(async () => c.products.list({ where: { title: { in: [] } } }), /no values/);
  for (const key of ["", ".", "..", "../categories", "a/b", "ü?x=1"]) {
    assert.equal((await problem(c.products.get(key))).code, "NOT_FOUND", key);
  }
});

test("pages neither skip nor repeat what stays while rows come and go", async () => {
  const c = await signedIn("staff");
  const prefix = `p${unique()}-`;
  const make = (name: string) => c.labels.create({ name: prefix + name });
  const stay = Array.from({ length: 10 }, (_, i) => `stays-${i}`);
  for (const name of stay) {
    await make(name);
    await make(`${name}-goes`);
  }
  const got: string[] = [];
  for await (const label of c.labels.all({ where: { name: { startsWith: prefix } }, limit: 3 })) {
    if (got.length % 3 === 0 && got.length < 30) {
      await make(`a-${got.length}`);
      await make(`z-${got.length}`);
      await c.labels.delete(`${prefix}stays-${got.length / 3}-goes`);
    }
    got.push(label.name.slice(prefix.length));
    assert.ok(got.length < 1000, "there is no end");
  }
  assert.deepEqual(got.filter((name) => stay.includes(name)), stay);
  assert.deepEqual(got, [...got].sort());
});

test("a create whose answer is lost is sent again and done once", async () => {
  let lost = 0;
  const c = await signedIn("staff", async (at, init) => {
    const response = await fetch(at, init);
    if (init.method === "POST" && pathOf(at).startsWith("/v1/") && ++lost <= 2) {
      throw new TypeError("connection reset");
    }
    return response;
  });
  const name = `once-${unique()}`;
  let replayed = false;
  let tries = 0;
  const made = await c.labels.create({ name }, { info: (info) => ({ replayed, tries } = info) });
  assert.deepEqual([made.name, replayed, tries], [name, true, 3]);
  assert.equal((await c.labels.list({ where: { name }, count: true })).total, 1);
});

test("values of a list may hold commas and quotes", async () => {
  const c = await signedIn("staff");
  const titles = [`${unique()}, with a comma`, `"${unique()}" in quotes`, `"${unique()}, both"`, "one that nothing has"];
  const category = (await c.categories.list({ limit: 1 })).items[0]!.id;
  for (const title of titles.slice(0, 3)) {
    await c.products.create({ category, slug: `list-${unique()}`, title });
  }
  const found = await c.products.list({ where: { title: { in: titles } } });
  assert.deepEqual(found.items.map((p) => p.title).sort(), titles.slice(0, 3).sort());
  for (const p of found.items) {
    await c.products.delete(p.id);
  }
});

test("an answer that is cut off is none: it is asked again, and fails with a code where that never ends", async () => {
  let cut = 0;
  let most = 2;
  const c = await signedIn("staff", async (at, init) => {
    const response = await fetch(at, init);
    return pathOf(at).startsWith("/v1/") && ++cut <= most ? new Response(cut % 2 === 1 ? '{"items":[' : "", response) : response;
  });
  assert.ok(Array.isArray((await c.categories.list()).items));
  assert.equal(cut, 3);
  const { slug } = (await c.categories.list()).items[0]!;
  [cut, most] = [0, Infinity];
  const told = await problem(c.categories.update(slug, {}));
  assert.deepEqual([told.code, told.status, told.tries, told instanceof NoAnswer], ["NO_ANSWER", 0, 4, true]);
});

test("a change or deletion whose answer is lost is sent again and done once", async () => {
  let lost = 0;
  const c = await signedIn("staff", async (at, init) => {
    const response = await fetch(at, init);
    if ((init.method === "PATCH" || init.method === "DELETE") && ++lost <= 2) {
      throw new TypeError("connection reset");
    }
    return response;
  });
  const slug = `lost-${unique()}`;
  const { version } = await c.categories.create({ slug, name: "Lost" });
  let replayed = false;
  let tries = 0;
  const info = (info: { replayed: boolean; tries: number }) => ({ replayed, tries } = info);
  const changed = await c.categories.update(slug, { name: "Found" }, { ifMatch: version, info });
  assert.deepEqual([changed?.name, changed?.version, replayed, tries], ["Found", version + 1, true, 3]);
  lost = 0;
  await c.categories.delete(slug, { info });
  assert.deepEqual([replayed, tries], [true, 3]);
});

test("what is refused for now is sent again, unless that takes too long", async () => {
  let refused = 0;
  let after = "0";
  const c = await signedIn("staff", (at, init) =>
    pathOf(at).startsWith("/v1/") && ++refused <= 2
      ? Promise.resolve(new Response('{"code":"UNAVAILABLE","detail":"Not now."}', { status: 503, headers: { "Retry-After": after } }))
      : fetch(at, init),
  );
  assert.equal((await problem(c.categories.update("nothing", { name: "x" }))).code, "NOT_FOUND");
  assert.equal(refused, 3);
  [refused, after] = [0, "3600"];
  const told = await problem(c.categories.list());
  assert.deepEqual([told.code, told.retryAfter, told.tries], ["UNAVAILABLE", 3600, 1]);
});

test("calls that find at once that their session needs new tokens get them by one exchange", async () => {
  const calls = 8;
  let denied = 0;
  let exchanges = 0;
  let know = () => {};
  const all = new Promise<void>((resolve) => (know = resolve));
  let tokens: TokenPair | undefined;
  const first = new Client(url, { tokens: { load: () => tokens, save: (t) => void (tokens = t) } });
  await first.signIn("customer1@shop.example", password);
  const old = { ...tokens!, accessToken: `${tokens!.accessToken}x` };
  const store = keepTokens(old);
  const c = new Client(url, {
    retry: fast, tokens: store,
    fetch: async (at, init) => {
      exchanges += pathOf(at) === "/auth/refresh" ? 1 : 0;
      const response = await fetch(at, init);
      if (response.status === 401) {
        if (++denied === calls) {
          know();
        }
        await all; // until all of them know
      }
      return response;
    },
  });
  await Promise.all(Array.from({ length: calls }, () => c.cartLines.list()));
  const now = await store.load();
  assert.equal(exchanges, 1);
  assert.notEqual(now?.refreshToken, old.refreshToken);
  await c.signOut();
  assert.equal(await store.load(), undefined);
});

test("whose session has ended hears so at each call", async () => {
  let exchanges = 0;
  const c = new Client(url, {
    retry: fast, tokens: keepTokens({ accessToken: "old", refreshToken: "older" }),
    fetch: (at, init) => {
      exchanges += pathOf(at) === "/auth/refresh" ? 1 : 0;
      return fetch(at, init);
    },
  });
  for (let i = 0; i < 2; i++) {
    await assert.rejects(c.products.list(), SignedOut);
  }
  assert.equal(exchanges, 1);
});

test("a batch happens as a whole, and names what it makes", async () => {
  const c = await signedIn("staff");
  const slug = `batch-${unique()}`;
  const category = (await c.categories.list({ limit: 1 })).items[0]!.id;
  const fill = (price: Decimal) => {
    const b = c.batch();
    const product = b.products.create({ category, slug, title: "Of a batch" });
    const variant = b.variants.create({ product: product.id, sku: "B1", price: { amount: price, currency: "EUR" }, stock: 1 });
    return { b, product, variant };
  };
  const wrong = fill("-1");
  const told = await problem(wrong.b.send());
  assert.deepEqual([told.is("PRICE_NOT_POSITIVE"), told.fields[0]?.field.startsWith("requests.1.")], [true, true]);
  assert.equal((await problem(c.products.get(slug))).code, "NOT_FOUND");
  const right = fill("2.50");
  await right.b.send();
  assert.equal(whole(right.product.value)?.slug, slug);
  assert.equal(whole(right.variant.value)?.product?.id, right.product.value?.id);
  await assert.rejects(right.b.send(), /sent already/);
  assert.throws(() => c.batch().products.delete(right.product.id), /named in a path/);
  await c.products.delete(slug);
});

test("a call is given up while it is sent, and while it waits", async () => {
  const c = await signedIn("staff");
  await assert.rejects(c.products.list({}, { signal: AbortSignal.abort() }), { name: "AbortError" });
  const abort = new AbortController();
  const waiting = await signedIn("staff", (at, init) => {
    if (!pathOf(at).startsWith("/v1/")) {
      return fetch(at, init);
    }
    queueMicrotask(() => abort.abort(new Error("enough")));
    return Promise.resolve(new Response("", { status: 503, headers: { "Retry-After": "20" } }));
  });
  await assert.rejects(waiting.products.list({}, { signal: abort.signal }), /enough/);
});
