/** Markdown in lines of a length that can be read. */

const WIDTH = 110;

/** An item of a list, in lines. A piece of code is not cut. */
export function item(text) {
  const lines = ["-"];
  for (const word of text.match(/(?:`[^`]*`|[^\s`])+/g)) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length <= WIDTH) lines[lines.length - 1] = line;
    else lines.push(`  ${word}`);
  }
  return lines;
}
