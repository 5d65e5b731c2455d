// Routines on a GPU: arrays of the machine are typed arrays, arrays of the device BigUint64Arrays [address, length].
// Every address is held against what the device has lent before it is used.
#include <map>
#include <mutex>
#include <stdexcept>

#include "cuda/cuda.h"
#include "node/devices.h"
#include "node/values.h"
#include "node/work.h"

using cuda::CudaRoutine;
using cuda::Device;
using cuda::Placed;
using cuda::PlacedOutput;
using cuda::PlacedPlan;
using std::to_string;

namespace {

using Info = const Napi::CallbackInfo &;

Loaded<CudaRoutine> &library() {
  static auto *const all = new Loaded<CudaRoutine>;
  return *all;
}
const CudaRoutine &routineAt(Napi::Value value) { return library().at(value, "routine", "load"); }

std::vector<int64> tableAt(Napi::Env env, Napi::Value value) {
  std::vector<int64> table = toIntegers(env, value, "table");
  const auto size = static_cast<int64>(table.size());
  if (size < TABLE_SIZE || size != TABLE_SIZE + 2 * table[TABLE_VARIABLES] || (table[TABLE_REAL_BYTES] != 4 && table[TABLE_REAL_BYTES] != 8))
    throw std::out_of_range("table: expected that of a routine, got something else");
  return table;
}

Napi::Value load(Info info) {
  Device &device = deviceAt(info[0]);
  const int threads = static_cast<int>(toInteger(info.Env(), info[3], "threads"));
  return library().add(info.Env(), cuda::loadRoutine(device, imageAt(info[1]).c_str(), tableAt(info.Env(), info[2]), threads));
}

// One, or a list of one for every device.
std::vector<const CudaRoutine *> routinesAt(Napi::Env env, Napi::Value value) {
  if (!value.IsArray()) return {&routineAt(value)};
  std::vector<const CudaRoutine *> routines;
  for (const napi_value element : toElements(env, value, "routines")) routines.push_back(&routineAt(Napi::Value(env, element)));
  if (routines.empty()) throw std::out_of_range("routines: expected at least one, got none");
  return routines;
}


Placed residentAt(Napi::TypedArray array, Device &device, int64 bytes, const std::string &where) {
  auto words = array.As<Napi::BigUint64Array>();
  if (words.ElementLength() != 2) refuseKind(where, "address and length");
  const cuda::Address address = words[0];
  const uint64_t length = words[1];
  if (length > uint64_t(1) << 53 || !device.owns(address, static_cast<int64>(length) * bytes))
    throw std::out_of_range(where + ": expected memory that device " + to_string(device.number) + " has lent, got other or freed memory");
  return {reinterpret_cast<void *>(address), static_cast<int64>(length), true};
}

Placed placedAt(Napi::Value value, const CudaRoutine &routine, const std::string &where) {
  const int64 bytes = routine.shape.entry(TABLE_REAL_BYTES);
  if (!value.IsTypedArray()) refuseKind(where, "a typed array, or address and length");
  auto array = value.As<Napi::TypedArray>();
  if (array.TypedArrayType() == napi_biguint64_array) return residentAt(array, routine.device, bytes, where);
  if (array.TypedArrayType() != (bytes == 8 ? napi_float64_array : napi_float32_array))
    refuseKind(where, bytes == 8 ? "a Float64Array" : "a Float32Array");
  return {static_cast<char *>(array.ArrayBuffer().Data()) + array.ByteOffset(), static_cast<int64>(array.ElementLength()), false};
}

std::vector<Placed> inputsAt(Napi::Env env, Napi::Value value, const CudaRoutine &routine) {
  std::vector<Placed> inputs;
  for (const napi_value element : toElements(env, value, "args"))
    inputs.push_back(placedAt(Napi::Value(env, element), routine, "argument " + to_string(inputs.size())));
  return inputs;
}

// int32s, of the machine or of the device.
Placed indicesAt(Napi::Value value, Device &device) {
  if (!value.IsTypedArray()) refuseKind("indices", "a typed array, or address and length");
  auto array = value.As<Napi::TypedArray>();
  if (array.TypedArrayType() == napi_biguint64_array) return residentAt(array, device, sizeof(int32), "indices");
  if (array.TypedArrayType() != napi_int32_array) refuseKind("indices", "an Int32Array");
  return {value.As<Napi::Int32Array>().Data(), static_cast<int64>(array.ElementLength()), false};
}

PlacedOutput outputAt(Napi::Value numbers, Napi::Value indices, const CudaRoutine &routine) {
  PlacedOutput out{placedAt(numbers, routine, "out")};
  if (!indices.IsUndefined()) out.indices = indicesAt(indices, routine.device);
  return out;
}

// The checks are those of the processor, which look at addresses and lengths alone.
std::vector<Input> extentsOf(const std::vector<Placed> &inputs) {
  std::vector<Input> extents;
  for (const Placed &input : inputs) extents.push_back({input.data, input.length});
  return extents;
}
Output extentOf(const PlacedOutput &out) {
  return {out.numbers.data, out.numbers.length, static_cast<int32 *>(out.indices.data), out.indices.length};
}


// A call that runs in the background holds its own: nobody can take it away.
struct Shelf {
  std::mutex guard;
  std::map<int64, std::shared_ptr<const PlacedPlan>> plans;
  int64 next = 0;
};
Shelf &shelf() {
  static Shelf *const all = new Shelf;
  return *all;
}

Napi::Value keepPlan(Info info) {
  const CudaRoutine &routine = routineAt(info[0]);
  auto plan = std::make_shared<const Plan>(toPlan(info.Env(), info[1], info[2], routine.shape));
  check(routine.shape, *plan);
  auto placed = std::make_shared<const PlacedPlan>(routine, std::move(plan));
  Shelf &all = shelf();
  std::lock_guard lock(all.guard);
  all.plans.emplace(all.next, std::move(placed));
  return Napi::Number::New(info.Env(), static_cast<double>(all.next++));
}

Napi::Value forgetPlan(Info info) {
  Shelf &all = shelf();
  std::lock_guard lock(all.guard);
  all.plans.erase(toInteger(info.Env(), info[0], "plan"));
  return info.Env().Undefined();
}

// Null where the plan is none that is kept.
std::shared_ptr<const PlacedPlan> keptAt(Napi::Value value, const CudaRoutine &routine) {
  if (!value.IsNumber()) return nullptr;
  Shelf &all = shelf();
  std::lock_guard lock(all.guard);
  const auto found = all.plans.find(toInteger(value.Env(), value, "plan"));
  if (found == all.plans.end() || &found->second->routine != &routine)
    throw std::out_of_range("plan: expected one that was kept for this routine, got something else");
  return found->second;
}


struct CudaReduce : Work {
  const std::vector<const CudaRoutine *> routines;
  const CudaRoutine &routine;
  const std::shared_ptr<const PlacedPlan> kept;
  const std::shared_ptr<const Plan> plan;
  const std::vector<Placed> inputs;
  const PlacedOutput out;

  explicit CudaReduce(const Arguments &arguments)
      : routines(routinesAt(arguments.Env(), arguments[0])), routine(*routines.front()), kept(keptAt(arguments[5], routine)),
        plan(kept ? kept->plan : std::make_shared<const Plan>(toPlan(arguments.Env(), arguments[4], arguments[5], routine.shape))),
        inputs(inputsAt(arguments.Env(), arguments[1], routine)), out(outputAt(arguments[2], arguments[3], routine)) {
    watch.control = toControl(arguments.Env(), arguments[6]);
    if (!kept) check(routine.shape, *plan);
    checkArrays(routine.shape, *plan, extentsOf(inputs), extentOf(out));
    if (routines.size() > 1) checkShared();
  }
  double cost() const override { return double(plan->rows) * double(plan->columns) * double(plan->entries()) / 64; }
  double run() override {
    if (routines.size() > 1) cuda::reduceOnAll(routines, plan, inputs, out, watch);
    else if (kept) cuda::reduce(*kept, inputs, out, watch);
    else cuda::reduce(PlacedPlan(routine, plan), inputs, out, watch);
    return 0;
  }

 private:
  void checkShared() const {
    bool isResident = out.numbers.isResident || out.indices.isResident;
    for (const Placed &input : inputs) isResident |= input.isResident;
    for (const CudaRoutine *other : routines)
      if (other->shape.table != routine.shape.table) throw std::out_of_range("routines: expected those of one source, got others");
    if (isResident) throw std::out_of_range("routines: expected one for arrays of a device, got several");
  }
};

struct CudaBlock : Work {
  const CudaRoutine &routine;
  const std::vector<Placed> inputs;
  const PlacedOutput out;
  const Rectangle part;

  explicit CudaBlock(const Arguments &arguments)
      : routine(routineAt(arguments[0])), inputs(inputsAt(arguments.Env(), arguments[1], routine)),
        out(outputAt(arguments[2], arguments.Env().Undefined(), routine)), part(toRectangle(arguments.Env(), arguments[3])) {
    check(routine.shape, part, extentsOf(inputs), extentOf(out));
  }
  double cost() const override { return 0; }
  double run() override {
    cuda::block(routine, part, inputs, out, watch);
    return 0;
  }
};

constexpr FunctionRow ROWS[] = {
    brief<load>("load"),
    brief<keepPlan>("keepPlan"),
    brief<forgetPlan>("forgetPlan"),
    nowAndLater<CudaReduce>("reduce"),
    nowOnly<CudaBlock>("block"),
};

}  // namespace

constinit const FunctionTable DEVICE_ROUTINE_FUNCTIONS = ROWS;
