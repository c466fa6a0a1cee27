// The differences from the recorded answers that are there on purpose, read from a Markdown table whose rows are
// | `step name` | reason |, or | `step name`, `step name` | reason | where one decision shows in several steps. Other rows
// and text are for people.
import fs from 'node:fs';

const row = /^\|\s*(`[^`]+`(?:,\s*`[^`]+`)*)\s*\|\s*(.+?)\s*\|\s*$/;

// deviations is an object from step name to reason; without the file there are none.
export function deviations(file) {
  if (!fs.existsSync(file)) return {};
  const found = {};
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    const [, names, reason] = line.match(row) ?? [];
    for (const [, name] of names?.matchAll(/`([^`]+)`/g) ?? []) {
      if (found[name]) throw new Error(`${file} lists ${name} twice`);
      found[name] = reason;
    }
  }
  return found;
}
