// Reports what a GraphQL language server marks in each project's design: the prelude and the modules are one schema,
// as .graphqlrc.yml says. Usage: node check.mjs DIR...
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildASTSchema, concatAST, parse, Source, validateSchema } from "graphql";
import { validateSDL } from "graphql/validation/validate.js";
import { getDiagnostics } from "graphql-language-service";

// marks lists what is wrong in a set of files, given as [name, text].
function marks(files) {
  const document = concatAST(files.map(([name, text]) => parse(new Source(text, name))));
  const schema = buildASTSchema(document, { assumeValidSDL: true });
  return [
    ...validateSDL(document).map((error) => error.toString()),
    ...validateSchema(schema).map((error) => error.toString()),
    ...files.flatMap(([name, text]) => getDiagnostics(text, schema).map((d) => `${name}:${d.range.start.line + 1}: ${d.message}`)),
  ];
}

if (marks([["wrong.graphql", "type Query @nothing { b: String }"]]).length === 0) {
  console.error("a directive that does not exist is not marked: this check sees nothing");
  process.exit(2);
}

let failed = false;
for (const dir of process.argv.slice(2)) {
  const folder = join(dir, "design");
  const names = readdirSync(folder).filter((name) => name.endsWith(".graphql"));
  const found = marks(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
  for (const mark of found) console.error(`${dir}: ${mark}`);
  console.log(`${dir}: ${names.length} files, ${found.length} marks`);
  failed ||= found.length > 0 || !names.includes("prelude.graphql");
}
process.exit(failed ? 1 : 0);
