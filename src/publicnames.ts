// The public names that Node and browsers have; index.ts adds those of notebooks.
export { array, astype, rand, randn, zeros } from "./array/array";
export type { ArrayOptions, RandomOptions } from "./array/array";
export type { ArrayInput, NumberList } from "./array/check";
export { dispose, toDevice, toHost } from "./array/transfer";
export type { DeviceArray, DeviceOptions } from "./array/transfer";
export type { Int32NdArray, IntegerArray, IntervalArray } from "./array/integers";
export * as nd from "./nd/nd";
export type { BlockRanges, KeepMatrix, RangeArrays } from "./array/ranges";
export { detach, noGrad, requiresGrad } from "./array/record";
export { grad } from "./array/tape";
export { ndarray } from "./array/view";
export type { ArrayOf, Dtype, DtypeOf, RealArray } from "./array/view";
export type { CallPlan } from "./call/plan";
export type { Shortcut } from "./call/result";
export type { CallOptions } from "./call/prepared";
export type { IndexArray } from "./call/result";
export type { AsyncOptions, CallProgress } from "./call/run";
export type { ArgumentsFor, ReductionName, ResultOf } from "./call/signature";
export * as cluster from "./cluster";
export * as cuda from "./gpus";
export type { BackendName } from "./device/devices";
export type { InstructionSetName } from "./codegen/isa";
export type { RealData } from "./device/native";
export * as errors from "./errors";
export { KeopsError } from "./errors";
export { genericArgkmin, genericArgmin, genericLogsumexp, genericSum } from "./generic";
export type { GenericFunction } from "./generic";
export { Genred } from "./genred";
export type { AsyncCallOptions, DenseOptions, GenredFunction, GenredOptions } from "./genred";
export { KernelSolve } from "./kernelsolve";
export type { KernelSolveOptions } from "./kernelsolve";
export type { IndexSpan } from "./lazytensor/entries";
export * as linalg from "./linalg/linalg";
export { asLinearOperator } from "./lazytensor/products";
export { ComplexLazyTensor, LazyTensor, LinearOperator, Pm, Var, Vi, Vj } from "./lazytensor/makers";
export type {
  ComplexLazyTensorMaker,
  LazyTensorMaker,
  LazyTensorOptions,
  LinearOperatorMaker,
} from "./lazytensor/makers";
export type { ComplexLazyOperand, LazyOperand } from "./lazytensor/operand";
export type { DeferredReduction, ReduceOptions } from "./lazytensor/reduce";
export type { DeferredSolve, LazySolveOptions, MatmulOptions } from "./lazytensor/solve";
export { lazy } from "./lazytensor/lazytag";
export type { TemplateBindings, TemplateTag, TemplateValue } from "./lazytensor/lazytag";
export { minimise } from "./optimise/minimise";
export type { Loss, MinimiseIteration, MinimiseOptions, MinimiseResult, Parameters } from "./optimise/minimise";
export type { Ending } from "./optimise/problem";
export { ready } from "./ready";
export type { Readiness, ReadyOptions } from "./ready";
export { settings } from "./settings";
export type { Settings } from "./settings";
export type { MatrixSymmetry, PreconditionerOption, SolveMethod } from "./solve/choose";
export type { EigshResult, PairOptions } from "./solve/eigenpairs";
export type { EigshOptions } from "./solve/eigsh";
export type { AnyOperand, AsOperator, OperatorOperand } from "./solve/linearoperator";
export type { LinearOperatorLike } from "./solve/ways";
export type { EstimatedValue, LogdetOptions, LogdetResult } from "./solve/logdet";
export type { TraceOptions, TraceResult } from "./solve/trace";
export type { SolveIteration } from "./solve/refine";
export type { SolveReport } from "./solve/report";
export type { ShiftedOptions } from "./solve/shifted";
export type { AsyncSolveOptions, KernelSolveFunction, MatrixFunction, ShiftedFunction } from "./solve/solvefunctions";
export type { SolveOptions } from "./solve/solveoptions";
export { version } from "./version";
