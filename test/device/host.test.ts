/** How calls are cut into units of work. */
import { planOf } from "../../src/device/host";
import type { Costs } from "../../src/device/host";

const GRAIN = 16;
const costs = (columnBytes: number): Costs => ({
  grain: GRAIN,
  columnBytes,
  instructions: (rows, columns) => Math.ceil(rows / GRAIN) * columns * columnBytes,
});
const call = (rows: number, columns: number) => ({ args: [], out: new Float32Array(rows), rows, columns });

describe("rows of a unit", () => {
  test("are several tiles where the columns are larger than a cache, so that these share each span of columns", () => {
    const { blockRows, chunkColumns } = planOf(call(10_000, 100_000), costs(400));
    expect([blockRows, chunkColumns >= 100_000]).toEqual([8 * GRAIN, true]);
  });

  test("are one tile where the columns are in the cache, or where each row has its own", () => {
    const ranges = { rows: Int32Array.of(0, 10_000), slices: Int32Array.of(1), columns: Int32Array.of(0, 100_000) };
    expect(planOf(call(10_000, 2000), costs(400)).blockRows).toBe(GRAIN);
    expect(planOf({ ...call(10_000, 100_000), ranges }, costs(400)).blockRows).toBe(GRAIN);
  });

  test("leave units for many threads where rows are few", () => {
    for (const rows of [1, 16, 100, 500, 1000, 4000]) {
      const { blockRows, chunkColumns } = planOf(call(rows, 100_000), costs(400));
      const units = Math.ceil(rows / blockRows) * Math.ceil(100_000 / chunkColumns);
      expect(units).toBeGreaterThanOrEqual(Math.min(24, Math.ceil(rows / GRAIN) * 24));
    }
  });
});
