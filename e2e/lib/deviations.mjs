// The differences from the recorded answers that are there on purpose, read from a Markdown table whose rows are
// | `step name` | reason |, or | `step name`, `step name` | reason | where one decision shows in several steps; {a,b} and {3..7}
// in a name stand for each of these, as in a shell. Other rows and text are for people.
import fs from 'node:fs';

const row = /^\|\s*(`[^`]+`(?:,\s*`[^`]+`)*)\s*\|\s*(.+?)\s*\|\s*$/;

// deviations is an object from step name to reason; without the file there are none.
export function deviations(file) {
  if (!fs.existsSync(file)) return {};
  const found = {};
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    const [, names, reason] = line.match(row) ?? [];
    for (const [, name] of names?.matchAll(/`([^`]+)`/g) ?? []) {
      for (const step of expand(name)) {
        if (found[step]) throw new Error(`${file} lists ${step} twice`);
        found[step] = reason;
      }
    }
  }
  return found;
}

// expand is all the names that one name with braces stands for.
function expand(name) {
  const [whole, inner] = name.match(/\{([\w.,-]+)\}/) ?? [];
  if (!whole) return [name];
  return inner.split(',').flatMap(range).flatMap(one => expand(name.replace(whole, one)));
}

// range is the numbers of first..last, or the text itself.
function range(text) {
  const [, first, last] = text.match(/^(\d+)\.\.(\d+)$/) ?? [];
  return first ? Array.from({ length: last - first + 1 }, (_, i) => String(Number(first) + i)) : [text];
}
