/** What notebooks show: charts, and how far long calls are. */
export { chart, lineChart } from "./chart";
export type { ChartBundle, ChartOptions, LineChartOptions } from "./chart";
export { imageChart } from "./imagechart";
export type { ImageChartOptions } from "./imagechart";
export { scatterChart } from "./scatterchart";
export type { PointValues, ScatterChartOptions } from "./scatterchart";
export { progressBar } from "./progressbar";
export type { ProgressBarOptions } from "./progressbar";
