/** The addon's functions of ranks check what they are given before a library is called. */
import { loadedAddon } from "../../src/device/native";
import { LAUNCHER_NAMES, onRanks, testOn } from "../helpers/mpirun";

const { ranks } = loadedAddon();

test("nothing is exchanged before MPI is started", () => {
  expect(() => ranks.allGather(new Float64Array(1), Float64Array.of(1))).toThrow("expected MPI that was started");
  const one = [new Float64Array(1), Float64Array.of(1)] as const;
  expect(() => ranks.exchange(...one, ...one)).toThrow("expected MPI that was started");
  expect(() => ranks.startGather(new Float64Array(1), Float64Array.of(1))).toThrow("expected MPI that was started");
  expect(() => ranks.awaitGather()).toThrow("expected MPI that was started");
  expect(() => ranks.finalize()).toThrow("expected MPI that was started");
  expect(() => ranks.abort(1)).toThrow("expected MPI that was started");
});

test("a library that is not there, or is no MPI, is an error with the loader's reason", () => {
  expect(() => ranks.start(["libnothing.so.1", "libless.so"])).toThrow(
    /^libnothing\.so\.1: cannot open .*; libless\.so: cannot open/,
  );
  expect(() => ranks.start(["libc.so.6"])).toThrow("expected its function MPI_Get_library_version, got none");
  expect(() => ranks.start([1] as never)).toThrow("names: expected texts, got something else");
});

const OWN = "TypeError: received: expected memory of its own, got memory of what is sent";
const COUNTS = "RangeError: counts: expected one of each rank, as many in all as there are elements, below 2^31";

for (const launcher of LAUNCHER_NAMES)
  testOn(launcher)("counts and arrays that do not fit are refused", async () => {
    const { code, stdout } = await onRanks(launcher, 1, ["misuse.cjs"]);
    expect(stdout.trim().split("\n")).toEqual([
      ...[COUNTS, COUNTS, COUNTS],
      "RangeError: counts: expected an integer from 0 to 2^53, got -2.000000",
      "TypeError: all: expected elements of 1, 4 or 8 bytes, got something else",
      "TypeError: all: expected a typed array, got something else",
      "TypeError: counts: expected a typed array, got something else",
      ...["nothing", "nothing"],
      "TypeError: all: expected elements of 1, 4 or 8 bytes, got something else",
      ...[COUNTS, COUNTS],
      "TypeError: received: expected elements as wide as those sent, got others",
      ...[OWN, OWN],
      "nothing",
    ]);
    expect(code).toBe(0);
  });
