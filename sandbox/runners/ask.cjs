// Loaded by every Node below a test command: asks Jest, Vitest and Mocha for a report beside what they print.
"use strict";
const path = require("node:path");
const script = process.argv[1] || "";
const name = path.basename(script).replace(/\.[cm]?js$/, "");
const report = path.join(__dirname, `${name.replace(/\W/g, "")}-${process.pid}.json`);
const jest = ["--json", "--testLocationInResults", `--outputFile=${report}`];
const asked = {
  jest,
  vitest: ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
  mocha: ["--reporter=json", `--reporter-option=output=${report}`],
  _mocha: ["--reporter=json", `--reporter-option=output=${report}`],
};
const words = /react-scripts[\\/]scripts[\\/]test$/.test(script.replace(/\.js$/, "")) ? jest : asked[name];
if (words && !process.env.R1CODE_ASKED && !process.argv.some((word) => word.startsWith("--outputFile"))) {
  process.env.R1CODE_ASKED = name;
  process.argv.push(...words);
}
