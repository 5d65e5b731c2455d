/**
 * Clusters of points, and the block-sparse ranges that reductions over them take: what pykeops has in its `cluster`
 * modules.
 */
export { bandRanges, triangleRanges } from "./array/bands";
export type { BandOptions, PairsShape, TriangleOptions } from "./array/bands";
export { clusterCentroids, clusterRanges, clusterRangesCentroids, gridCluster, sortClusters } from "./array/clusters";
export type { SortedClusters } from "./array/clusters";
export { rangesFromRadius } from "./array/radius";
export { neighbours } from "./fast/neighbours";
export type { NearestNeighbours, Neighbours, NeighboursWithin } from "./fast/neighbours";
export { fromMatrix, swapAxes } from "./array/ranges";
