// What the command line asks for. Must not load the package: workers and reports need this before or without it.
const USAGE = `npm run bench -- [options]

what is run
  --isa all | NAME[,NAME]  every instruction set that the machine has, or these; without it, the one that calls use
  --only REGEXP            rows whose name matches
  --quick                  fewer rows, shorter; no peers
  --no-peers               neither NumPy, SciPy, PyTorch nor pykeops
  --choices                instead of the rows: what is chosen (method, rank, tier, shape of a loop) beside the best
  --limit SECONDS          what one solve of --choices may take (10)

what it is compared with
  --against FOLDER         another built checkout runs the same rows, alternating; ratios of their times
  --compare FILE           an earlier file of rows; ratios of their times
  --python PATH            the interpreter whose peers are timed; without it, /usr/bin/python3 and python3 on PATH

what becomes of it
  --json FILE              writes all rows
  --record                 if the machine was quiet, writes bench/results/DATE-PROCESSOR-WIDTH.json and
                           the charts of docs/images
  --markdown FILE          runs nothing: prints the tables of docs/log/performance.md from a file of rows
  --processor              times by processor seconds per thread, which other processes lengthen little
`;

const FLAGS = ["quick", "no-peers", "choices", "record", "processor", "help"];
const VALUES = ["isa", "only", "limit", "against", "compare", "python", "json", "markdown"];

/** The options by name; ends the process for an unknown one, and after --help. */
export function readOptions(words) {
  const options = { only: ".", limit: "10" };
  for (let k = 0; k < words.length; k++) {
    const name = words[k].replace(/^--/, "");
    if (FLAGS.includes(name)) options[name] = true;
    else if (VALUES.includes(name) && words[k + 1] !== undefined) options[name] = words[++k];
    else end(`bench: expected an option of --help, got ${words[k]}`);
  }
  if (options.help) {
    console.log(USAGE);
    process.exit(0);
  }
  return options;
}

/** Ends the process with a reason. */
export function end(why) {
  console.error(why);
  process.exit(1);
}
