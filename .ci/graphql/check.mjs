// Reports what a GraphQL language server would mark in each project's design: the prelude and the modules are one
// schema, read as graphql-js reads SDL. Usage: node check.mjs DIR...
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildASTSchema, concatAST, parse, Source, validateSchema } from "graphql";
import { validateSDL } from "graphql/validation/validate.js";

let failed = false;
for (const dir of process.argv.slice(2)) {
  const folder = join(dir, "design");
  const files = readdirSync(folder).filter((name) => name.endsWith(".graphql"));
  const asts = files.map((name) => parse(new Source(readFileSync(join(folder, name), "utf8"), name)));
  const document = concatAST(asts);
  const errors = validateSDL(document);
  if (errors.length === 0) errors.push(...validateSchema(buildASTSchema(document)));
  for (const error of errors) console.error(`${dir}: ${error.toString()}`);
  console.log(`${dir}: ${files.length} files, ${errors.length} errors`);
  failed ||= errors.length > 0;
}
process.exit(failed ? 1 : 0);
