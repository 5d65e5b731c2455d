#include "run/mpi.h"

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "run/sharedlibrary.h"

namespace {

// Waiting keeps a processor busy for so long, then only now and then, so that other ranks on it can compute.
constexpr std::chrono::milliseconds BUSY{2};
constexpr std::chrono::microseconds NAP{20};

constexpr int FUNNELED = 1;  // MPI_THREAD_FUNNELED: one thread alone calls

template <class Symbol>
Symbol symbolOf(void *library, const char *name) {
  void *const found = sharedlibrary::symbol(library, name);
  if (found == nullptr) throw std::runtime_error(std::string("expected its function ") + name + ", got none");
  return reinterpret_cast<Symbol>(found);
}

// What a kind of library calls things. Handles are addresses in Open MPI, numbers in MPICH and what shares its ABI.
template <class Handle>
struct Names {
  Handle world, byte, real, wide;
  void *inPlace, *ignoreStatus;
};

Names<void *> namesOfOpenMpi(void *library) {
  const auto at = [library](const char *name) { return symbolOf<void *>(library, name); };
  return {at("ompi_mpi_comm_world"), at("ompi_mpi_byte"), at("ompi_mpi_float"), at("ompi_mpi_double"),
          reinterpret_cast<void *>(1), nullptr};
}

Names<int> namesOfMpich() {
  return {0x44000000, 0x4c00010d, 0x4c00040a, 0x4c00080b, reinterpret_cast<void *>(-1), reinterpret_cast<void *>(1)};
}

template <class Handle>
class Library : public Mpi {
 public:
  Library(void *library, const Names<Handle> &names) : library(library), names(names) {
    const auto initThread = function<int(int *, char ***, int, int *)>("MPI_Init_thread");
    const auto numberOf = [&](const char *name) {
      int number = 0;
      function<int(Handle, int *)>(name)(names.world, &number);
      return number;
    };
    gather = function<Gather>("MPI_Iallgatherv");
    swap = function<Swap>("MPI_Ialltoallv");
    spread = function<Spread>("MPI_Ibcast");
    test = function<Test>("MPI_Test");
    end = function<int()>("MPI_Finalize");
    kill = function<int(Handle, int)>("MPI_Abort");
    int provided = 0;
    if (initThread(nullptr, nullptr, FUNNELED, &provided) != 0) throw std::runtime_error("MPI_Init_thread failed");
    if (provided < FUNNELED) {
      end();
      throw std::runtime_error("expected MPI_THREAD_FUNNELED or more, got level " + std::to_string(provided));
    }
    ownRank = numberOf("MPI_Comm_rank");
    ranks = numberOf("MPI_Comm_size");
  }

  int rank() const override { return ownRank; }
  int size() const override { return ranks; }

  void allGather(void *all, const std::vector<int> &counts, int width, Watch &watch) override {
    const std::vector<int> offsets = offsetsOf(counts);
    const Handle type = typeOf(width);
    Handle request;
    check(gather(names.inPlace, 0, type, all, counts.data(), offsets.data(), type, names.world, &request), "MPI_Iallgatherv");
    pending.push_back(request);
    await(watch);
  }

  void exchange(const void *from, const std::vector<int> &sent, void *to, const std::vector<int> &received, int width,
                Watch &watch) override {
    const std::vector<int> fromAt = offsetsOf(sent), toAt = offsetsOf(received);
    const Handle type = typeOf(width);
    Handle request;
    check(swap(from, sent.data(), fromAt.data(), type, to, received.data(), toAt.data(), type, names.world, &request),
          "MPI_Ialltoallv");
    pending.push_back(request);
    await(watch);
  }

  void startGather(void *all, const std::vector<int> &counts, int width) override {
    char *at = static_cast<char *>(all);
    for (size_t root = 0; root < counts.size(); at += int64(counts[root++]) * width)
      if (counts[root] > 0) {
        Handle request;
        check(spread(at, counts[root], typeOf(width), static_cast<int>(root), names.world, &request), "MPI_Ibcast");
        pending.push_back(request);
      }
  }

  void progress() override {
    std::erase_if(pending, [this](Handle &request) {
      int done = 0;
      check(test(&request, &done, names.ignoreStatus), "MPI_Test");
      return done != 0;
    });
  }

  bool isIdle() const override { return pending.empty(); }

  void await(Watch &watch) override {
    const auto begin = std::chrono::steady_clock::now();
    for (;;) {
      progress();
      if (pending.empty()) return;
      if (watch.stopping()) throw Interrupted("stopped while waiting for other ranks");
      if (std::chrono::steady_clock::now() - begin < BUSY) std::this_thread::yield();
      else std::this_thread::sleep_for(NAP);
    }
  }

  void finalize() override { check(end(), "MPI_Finalize"); }

  [[noreturn]] void abort(int code) override {
    kill(names.world, code);
    std::abort();
  }

 private:
  using Gather = int(const void *, int, Handle, void *, const int *, const int *, Handle, Handle, Handle *);
  using Swap = int(const void *, const int *, const int *, Handle, void *, const int *, const int *, Handle, Handle, Handle *);
  using Spread = int(void *, int, Handle, int, Handle, Handle *);
  using Test = int(Handle *, int *, void *);

  template <class Signature>
  Signature *function(const char *name) const {
    return symbolOf<Signature *>(library, name);
  }

  Handle typeOf(int width) const { return width == 8 ? names.wide : width == 4 ? names.real : names.byte; }

  // Where the parts begin that stand one after the other.
  static std::vector<int> offsetsOf(const std::vector<int> &counts) {
    std::vector<int> offsets(counts.size());
    for (size_t k = 1; k < counts.size(); k++) offsets[k] = offsets[k - 1] + counts[k - 1];
    return offsets;
  }

  static void check(int code, const char *what) {
    if (code != 0) throw std::runtime_error(std::string(what) + " failed with code " + std::to_string(code));
  }

  void *const library;
  const Names<Handle> names;
  int ownRank = 0, ranks = 0;
  std::vector<Handle> pending;  // requests
  Gather *gather;
  Swap *swap;
  Spread *spread;
  Test *test;
  int (*end)();
  int (*kill)(Handle, int);
};

// Both can be asked before anything is started.
std::string versionOf(void *library) {
  char text[8192] = "";  // MPI_MAX_LIBRARY_VERSION_STRING of MPICH, the longest
  int length = 0;
  symbolOf<int (*)(char *, int *)>(library, "MPI_Get_library_version")(text, &length);
  const std::string version(text);
  return version.substr(0, version.find('\n'));
}

std::unique_ptr<Mpi> start(void *library) {
  const std::string version = versionOf(library);
  std::unique_ptr<Mpi> mpi;
  if (sharedlibrary::symbol(library, "ompi_mpi_comm_world") != nullptr)
    mpi = std::make_unique<Library<void *>>(library, namesOfOpenMpi(library));
  else if (version.find("MPICH") != std::string::npos || version.find("Intel") != std::string::npos ||
           version.find("MVAPICH") != std::string::npos)
    mpi = std::make_unique<Library<int>>(library, namesOfMpich());
  else throw std::runtime_error("expected Open MPI or an MPI of MPICH's ABI, got " + version);
  mpi->version = version;
  return mpi;
}

}  // namespace

std::unique_ptr<Mpi> startMpi(const std::vector<std::string> &names) {
  std::string why;
  for (const std::string &name : names) {
    // Open MPI's plugins look for its functions among those of the process.
    if (void *const library = sharedlibrary::openForAll(name)) return start(library);
    why += (why.empty() ? "" : "; ") + sharedlibrary::lastError();
  }
  throw std::runtime_error(why);
}
