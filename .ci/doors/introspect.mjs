// What clients make of the schema that the server at the address that is the first argument tells: the one of the file that is
// the second, and one that is valid.
import { readFileSync } from "node:fs";

import { buildClientSchema, buildSchema, findBreakingChanges, findDangerousChanges, getIntrospectionQuery, validateSchema } from "graphql";

const [url, file] = process.argv.slice(2);
const query = getIntrospectionQuery({ specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true });
const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ query }) });
const { data, errors } = await response.json();
if (errors) throw new Error(JSON.stringify(errors));
const told = buildClientSchema(data);
const written = buildSchema(readFileSync(file, "utf8"));
const wrong = [told, written].flatMap(validateSchema).map((e) => e.message);
for (const [from, to] of [[told, written], [written, told]]) {
  const changes = [...findBreakingChanges(from, to), ...findDangerousChanges(from, to)].map((c) => c.description);
  // graphql-js has a draft's location of its own @deprecated, which no specification has and other clients refuse.
  wrong.push(...changes.filter((c) => c !== "DIRECTIVE_DEFINITION was removed from deprecated."));
}
wrong.forEach((w) => console.log(w));
console.log(`introspection: ${Object.keys(told.getTypeMap()).length} types`);
process.exit(wrong.length === 0 ? 0 : 1);
