// A reporter for Node's own test runner: one JSON object per test, with the names that it stands in.
export default async function* (source) {
  const names = [];
  for await (const { type, data } of source) {
    if (type === "test:start") {
      names.length = data.nesting;
      names[data.nesting] = data.name;
    } else if (type === "test:pass" || type === "test:fail") {
      const error = data.details?.error;
      const cause = error?.cause ?? error;
      yield `${JSON.stringify({
        names: [...names.slice(0, data.nesting), data.name],
        suite: data.details?.type === "suite",
        file: data.file ?? "",
        line: data.line ?? null,
        passed: type === "test:pass",
        skipped: data.skip !== undefined || data.todo !== undefined,
        milliseconds: data.details?.duration_ms ?? null,
        kind: error?.failureType ?? "",
        text: error ? String(cause?.stack ?? cause) : "",
      })}\n`;
    }
  }
}
