// The audits of GraphQL over HTTP, of the server at the address that is the argument: all of them must pass.
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2] });
const passed = results.filter((r) => r.status === "ok");
for (const r of results) {
  if (r.status !== "ok") console.log(`${r.status}: ${r.id} ${r.name}: ${r.reason}`);
}
console.log(`GraphQL over HTTP: ${passed.length} of ${results.length} audits`);
process.exit(passed.length === results.length && results.length > 0 ? 0 : 1);
