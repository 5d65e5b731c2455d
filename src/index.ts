/** The public names of tskeops, and nothing else. */
export { array, astype, rand, randn, zeros } from "./array/array";
export type { ArrayOptions, RandomOptions } from "./array/array";
export { clusterCentroids, clusterRanges, clusterRangesCentroids, gridCluster, sortClusters } from "./array/clusters";
export type { Sorted } from "./array/clusters";
export * as cuda from "./gpus";
export type { CudaDevice } from "./gpus";
export { dispose, toDevice, toHost } from "./array/transfer";
export type { DeviceArray, DeviceOptions } from "./array/transfer";
export type { Int32NdArray, IntegerArray, IntervalArray } from "./array/integers";
export { rangesFromRadius } from "./array/radius";
export { fromMatrix, swapAxes } from "./array/ranges";
export type { BlockRanges, KeepMatrix, RangeArrays } from "./array/ranges";
export { grad } from "./array/tape";
export { detach, noGrad, requiresGrad } from "./array/record";
export type { ArrayOf, Dtype, DtypeOf, RealArray } from "./array/view";
export * as dense from "./array/dense";
export type { CallOptions } from "./call/prepared";
export type { CallPlan } from "./call/plan";
export type { BackendName } from "./device/devices";
export { instructionSet, setInstructionSet } from "./device/native";
export type { Isa } from "./codegen/isa";
export type { Real } from "./device/native";
export { lapack, setLapack, setThreads, threads } from "./device/native";
export {
  ArgumentError,
  CompileError,
  ConvergenceError,
  DeviceError,
  FormulaError,
  InterruptedError,
  KeopsError,
} from "./errors";
export type { ErrorCode } from "./errors";
export { genericArgkmin, genericArgmin, genericLogsumexp, genericSum } from "./generic";
export type { GenericFunction } from "./generic";
export { Genred } from "./genred";
export type { AsyncCallOptions, DenseOptions, GenredFunction, GenredOptions } from "./genred";
export { KernelSolve } from "./kernelsolve";
export type {
  AsyncSolveOptions,
  KernelSolveFunction,
  KernelSolveOptions,
  MatrixFunction,
  ShiftedFunction,
} from "./kernelsolve";
export { ComplexLazyTensor, LazyTensor } from "./lazytensor/lazytensor";
export type { LazySolveOptions, LazyTensorOptions, ProductOptions } from "./lazytensor/lazytensor";
export { asLinearOperator } from "./lazytensor/linear";
export type { Span } from "./lazytensor/entries";
export type { ComplexOperand, Operand } from "./lazytensor/operand";
export { LinearOperator } from "./solve/linearoperator";
export type { Products } from "./solve/linearoperator";
export type { Deferred, ReduceOptions } from "./lazytensor/reduce";
export type { DeferredSolve, SystemOptions } from "./lazytensor/solve";
export { lazy } from "./lazytensor/template";
export type { Bindings, Hole, LazyTag } from "./lazytensor/template";
export { Pm, Var, Vi, Vj, concatenate } from "./lazytensor/variables";
export type { EigshOptions, EigshResult } from "./solve/eigsh";
export type { Estimate, LogdetOptions, LogdetResult, TraceOptions } from "./solve/logdet";
export type { ShiftedOptions } from "./solve/shifted";
export type { Method, PreconditionerOption, Symmetry } from "./solve/choose";
export type { SolveResult } from "./solve/report";
export type { MatrixOptions, SolveOptions } from "./solve/solveoptions";
export { imageChart } from "./imagechart";
export type { ImageChartOptions } from "./imagechart";
export { chart, lineChart } from "./notebook";
export type { ChartBundle, ChartOptions, LineChartOptions } from "./notebook";
export type { RunProgress } from "./call/run";
export { progressBar } from "./progressbar";
export type { ProgressBarOptions } from "./progressbar";
export type { IndexArray } from "./call/result";
export type { AsyncOptions } from "./call/run";
export type { ArgumentsFor, ReductionName, ResultOf, UnknownOf } from "./call/signature";
export type { Progress } from "./solve/refine";
