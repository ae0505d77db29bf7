// What the client of npm graphql-ws says of the WebSocket of the server at the address that is the argument.
import assert from "node:assert/strict";
import { CloseCode, createClient } from "graphql-ws";
import WebSocket from "ws";

const url = process.argv[2].replace(/^http/, "ws");
let checks = 0;

// closed is the code with which a client's connection is closed.
const closed = (options, act) =>
  new Promise((resolve) => {
    const client = createClient({ url, webSocketImpl: WebSocket, lazy: false, retryAttempts: 0, onNonLazyError: () => {}, ...options });
    client.on("closed", (event) => resolve(event.code));
    act?.(client);
  });

// raw sends messages without a client and is the code with which the connection is closed.
const raw = (messages, protocol = "graphql-transport-ws") =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocol);
    socket.on("open", () => messages.forEach((m) => socket.send(typeof m === "string" ? m : JSON.stringify(m))));
    socket.on("close", resolve);
    socket.on("error", reject);
  });

const client = createClient({ url, webSocketImpl: WebSocket, keepAlive: 50, retryAttempts: 0 });
let pongs = 0;
client.on("pong", () => pongs++);
const answers = async (payload) => {
  const all = [];
  for await (const answer of client.iterate(payload)) all.push(answer);
  return all;
};

assert.deepEqual(await Promise.all([answers({ query: "{ __typename }" }), answers({ query: "query A($a: Boolean!) { __typename @include(if: $a) }", variables: { a: true } })]), [
  [{ data: { __typename: "Query" } }],
  [{ data: { __typename: "Query" } }],
]);
checks += 2;
for (const query of ["{ nosuch }", "{", "subscription { nosuch }", "query($a: Int!) { __typename @skip(if: $a) }"]) {
  await assert.rejects(answers({ query }), (errors) => Array.isArray(errors) && errors[0].extensions.code !== undefined, query);
  checks++;
}
const held = createClient({ url, webSocketImpl: WebSocket, lazy: false, keepAlive: 20, retryAttempts: 0, onNonLazyError: () => {} });
await new Promise((resolve) => held.on("pong", resolve));
checks++;
const init = { type: "connection_init" };
const query = { type: "subscribe", id: "1", payload: { query: "{ __typename }" } };
for (const [what, got, want] of [
  ["a token that is none", await closed({ connectionParams: { Authorization: "Bearer x" } }), CloseCode.Forbidden],
  ["a message that is none", await raw([init, "{"]), CloseCode.BadRequest],
  ["a subscription before the acknowledgement", await raw([query]), CloseCode.Unauthorized],
  ["a second connection_init", await raw([init, init]), CloseCode.TooManyInitialisationRequests],
  ["no connection_init", await raw([]), CloseCode.ConnectionInitialisationTimeout],
]) {
  assert.equal(got, want, what);
  checks++;
}
await held.dispose();
await client.dispose();
console.log(`graphql-ws: ${checks} checks`);
process.exit(0);
