import fs, { read as readAll } from "./files.js";
const path = require("./paths");
export * from "./more";

/**
 * Counts things.
 */
export default class Counter extends Base {
  static step = 1;
  constructor(start) { super(start); }
  get value() { return this.#hidden(); }
  #hidden() {}
  async *each() {}
}
// Adds one.
export const add = async (a, b) => { step(a); };
export function plain() {}
function* numbers() {}
const table = { method() {}, arrow: () => 1, old: function () {} };
exports.helper = function () {};
const Named = class { run() {} };
new Counter(2);
const view = <Panel size={1}><Row /></Panel>;
