// The ranks of an MPI program: what is exchanged among them, with everything checked before the library is called.
// The library belongs to the process, and the main thread alone calls it.
#include <algorithm>
#include <atomic>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "node/interrupt.h"
#include "node/values.h"
#include "node/work.h"
#include "run/mpi.h"

namespace {

using Info = const Napi::CallbackInfo &;

std::unique_ptr<Mpi> mpi;  // once it is started
std::vector<Napi::ObjectReference> travelling;  // memory that arrives meanwhile
std::atomic<bool> isUnderWay{false};            // whether something may still arrive
napi_threadsafe_function bell = nullptr;        // by which other threads ask the main thread to bring it on

void bringOn() {
  try {
    mpi->progress();
  } catch (const std::exception &) {  // said when it is awaited
  }
  isUnderWay = !mpi->isIdle();
}

void answerBell(napi_env, napi_value, void *, void *) {
  if (mpi && isUnderWay) bringOn();
}

// It is rung at most once before it is answered, and keeps no program alive.
void hangBell(Napi::Env env) {
  const Napi::String name = Napi::String::New(env, "tskeops ranks");
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 1, 1, nullptr, nullptr, nullptr, answerBell, &bell) != napi_ok)
    throw std::runtime_error("ranks: no way to ask the main thread");
  napi_unref_threadsafe_function(env, bell);
}

Mpi &started() {
  if (!mpi || !onMainThread()) throw std::invalid_argument("ranks: expected MPI that was started, on the main thread");
  return *mpi;
}

std::vector<std::string> namesAt(Info info) {
  std::vector<std::string> names;
  for (const napi_value element : toElements(info.Env(), info[0], "names")) {
    const Napi::Value name(info.Env(), element);
    if (!name.IsString()) refuseKind("names", "texts");
    names.push_back(name.As<Napi::String>());
  }
  return names;
}

Napi::Value start(Info info) {
  if (!onMainThread()) throw std::invalid_argument("ranks: expected the main thread, got a worker");
  if (bell == nullptr) hangBell(info.Env());
  if (!mpi) mpi = startMpi(namesAt(info));
  auto result = Napi::Object::New(info.Env());
  result.Set("rank", mpi->rank());
  result.Set("size", mpi->size());
  result.Set("version", mpi->version);
  return result;
}

// An array, and how many of its elements are of each rank.
struct Parts {
  Parts(const Arguments &info, int place, const char *name) {
    const Memory array = toMemory(info.Env(), info[place], name);
    data = array.data;
    width = array.width;
    const std::vector<int64> given = toIntegers(info.Env(), info[place + 1], "counts");
    const int64 total = std::accumulate(given.begin(), given.end(), int64{0});
    const bool areTooMany = std::ranges::any_of(given, [](int64 count) { return count > MOST; }) || total > MOST;
    if (given.size() != size_t(started().size()) || areTooMany || total != array.length)
      throw std::out_of_range("counts: expected one of each rank, as many in all as there are elements, below 2^31");
    counts.assign(given.begin(), given.end());
  }

  static constexpr int64 MOST = std::numeric_limits<int>::max();
  void *data;
  int width;
  std::vector<int> counts;
};

struct Exchanging : Work {
  double cost() const override { return 1e9; }

 protected:
  Mpi &ranks = started();
};

struct AllGather : Exchanging {
  const Parts all;
  explicit AllGather(const Arguments &info) : all(info, 0, "all") {}
  double run() override {
    ranks.allGather(all.data, all.counts, all.width, watch);
    return 0;
  }
};

struct Exchange : Exchanging {
  const Parts sent, received;
  explicit Exchange(const Arguments &info) : sent(info, 0, "sent"), received(info, 2, "received") {
    if (sent.width != received.width) throw std::invalid_argument("received: expected elements as wide as those sent, got others");
    const char *const from = static_cast<char *>(sent.data), *const to = static_cast<char *>(received.data);
    if (from < to + bytesOf(received) && to < from + bytesOf(sent))
      throw std::invalid_argument("received: expected memory of its own, got memory of what is sent");
  }
  double run() override {
    ranks.exchange(sent.data, sent.counts, received.data, received.counts, sent.width, watch);
    return 0;
  }

 private:
  static int64 bytesOf(const Parts &parts) {
    return std::accumulate(parts.counts.begin(), parts.counts.end(), int64{0}) * parts.width;
  }
};

struct StartGather : Exchanging {
  const Parts all;
  explicit StartGather(const Arguments &info) : all(info, 0, "all") {
    travelling.push_back(Napi::Persistent(info[0].As<Napi::Object>()));
  }
  double run() override {
    ranks.startGather(all.data, all.counts, all.width);
    isUnderWay = true;
    return 0;
  }
};

struct AwaitGather : Work {
  explicit AwaitGather(const Arguments &) {}
  double cost() const override { return 1e9; }
  double run() override {
    started().await(watch);
    isUnderWay = false;
    travelling.clear();
    return 0;
  }
};

Napi::Value finalize(Info info) {
  started().finalize();
  isUnderWay = false;
  mpi.reset();
  return info.Env().Undefined();
}

Napi::Value abortAll(Info info) {
  // What the system keeps of an exit code; 0 would be a success.
  const int code = static_cast<int>(toInteger(info.Env(), info[0], "code") & 255);
  started().abort(code == 0 ? 1 : code);
  return info.Env().Undefined();
}

constexpr FunctionRow ROWS[] = {
    brief<start>("start"),
    nowOnly<AllGather>("allGather"),
    nowOnly<Exchange>("exchange"),
    nowOnly<StartGather>("startGather"),
    nowOnly<AwaitGather>("awaitGather"),
    brief<finalize>("finalize"),
    brief<abortAll>("abort"),
};

}  // namespace

void progressOfRanks() {
  if (!isUnderWay) return;
  if (onMainThread()) bringOn();
  else napi_call_threadsafe_function(bell, nullptr, napi_tsfn_nonblocking);  // or it has been rung already
}

constinit const FunctionTable RANK_FUNCTIONS = ROWS;
