// Prints whether a process is a rank, where what it has been given makes it none: a child of one, or ranks of engines
// with other widths.
const { spawnSync } = require("node:child_process");
const { join } = require("node:path");
const what = process.argv[2];
const rank = process.env.OMPI_COMM_WORLD_RANK ?? process.env.PMI_RANK;
if (what === "widths") process.env.TSKEOPS_ISA = rank === "0" ? "baseline" : "avx2";

const dist = join(__dirname, "..", "..", "..", "dist");
const { world, whyNot } = require(join(dist, "mpi", "mpi.js"));

const print = (...words) => (rank === "0" || what === "is a child") && console.log(...words);
if (what === "widths") for (const time of ["first", "second"]) print(time, whyNot());
else print(what, world.size, String(whyNot()));
if (what === "has a child" && world.rank === 0)
  process.stdout.write(spawnSync(process.execPath, [process.argv[1], "is a child"], { encoding: "utf8" }).stdout);
