// NVRTC, opened at run time. It finds its second library, with the built-in functions, only if that is open already:
// see openCompiler.
#include <mutex>
#include <stdexcept>

#include "cuda/cuda.h"
#include "run/sharedlibrary.h"

namespace cuda {

namespace {

// Types as in NVIDIA's nvrtc.h, which is stable since CUDA 11.2.
struct Nvrtc {
#define TSKEOPS_NVRTC_MEMBER(name, arguments) Result(*name) arguments = nullptr;
  TSKEOPS_NVRTC_FUNCTIONS(TSKEOPS_NVRTC_MEMBER)
#undef TSKEOPS_NVRTC_MEMBER
  const char *(*errorString)(Result) = nullptr;
};

Nvrtc nvrtc;
std::mutex compiling;

std::string folderOf(const std::string &path) {
  const auto slash = path.find_last_of("\\/");
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// In one folder there may be several versions, and each asks for its own by its full name, which is what the linker
// then finds open.
void openBuiltins(const std::string &path, const Nvrtc &found) {
  int major = 0, minor = 0;
  found.nvrtcVersion(&major, &minor);
  sharedlibrary::open(folderOf(path) + sharedlibrary::nameOfNvrtcBuiltins(major, minor));
}

bool openFrom(const std::string &path, std::string &why) {
  void *const library = sharedlibrary::open(path);
  if (!library) {
    why = sharedlibrary::lastError();
    return false;
  }
  std::string missing;
  const auto find = [&](auto &function, const char *name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(sharedlibrary::symbol(library, name));
    if (!function) missing = name;
  };
#define TSKEOPS_FIND(name, arguments) find(nvrtc.name, #name);
  TSKEOPS_NVRTC_FUNCTIONS(TSKEOPS_FIND)
#undef TSKEOPS_FIND
  find(nvrtc.errorString, "nvrtcGetErrorString");
  if (!missing.empty()) {
    why = path + ": no " + missing;
    return false;
  }
  openBuiltins(path, nvrtc);
  return true;
}

Compiler opened(const std::vector<std::string> &paths) {
  Compiler compiler;
  for (const std::string &path : paths) {
    std::string why;
    if (!openFrom(path, why)) {
      if (compiler.why.empty()) compiler.why = why;
      continue;
    }
    int major = 0, minor = 0, count = 0;
    nvrtc.nvrtcVersion(&major, &minor);
    nvrtc.nvrtcGetNumSupportedArchs(&count);
    compiler.architectures.resize(count);
    nvrtc.nvrtcGetSupportedArchs(compiler.architectures.data());
    compiler.version = 100 * major + minor;
    compiler.why.clear();
    return compiler;
  }
  return compiler;
}

void check(Result result, const char *call) {
  if (result != 0) throw std::runtime_error(std::string(call) + ": " + nvrtc.errorString(result));
}

std::string logOf(Program program) {
  std::size_t size = 0;
  if (nvrtc.nvrtcGetProgramLogSize(program, &size) != 0 || size <= 1) return "";
  std::string log(size, '\0');
  nvrtc.nvrtcGetProgramLog(program, log.data());
  log.resize(size - 1);
  return log;
}

std::string imageOf(Program program, bool isReal) {
  std::size_t size = 0;
  check(isReal ? nvrtc.nvrtcGetCUBINSize(program, &size) : nvrtc.nvrtcGetPTXSize(program, &size), "size of the image");
  std::string image(size, '\0');
  check(isReal ? nvrtc.nvrtcGetCUBIN(program, image.data()) : nvrtc.nvrtcGetPTX(program, image.data()), "image");
  return image;
}

}  // namespace

const Compiler &openCompiler(const std::vector<std::string> &paths) {
  static const Compiler *const once = new Compiler(opened(paths));
  return *once;
}

std::string compile(const std::string &source, const std::vector<std::string> &options, bool isReal) {
  std::lock_guard lock(compiling);
  if (!nvrtc.nvrtcCreateProgram) throw std::runtime_error("NVRTC is not open");
  Program program = nullptr;
  check(nvrtc.nvrtcCreateProgram(&program, source.c_str(), "routine.cu", 0, nullptr, nullptr), "nvrtcCreateProgram");
  struct Destroy {
    Program &program;
    ~Destroy() { nvrtc.nvrtcDestroyProgram(&program); }
  } destroy{program};
  std::vector<const char *> words;
  for (const std::string &option : options) words.push_back(option.c_str());
  const Result result = nvrtc.nvrtcCompileProgram(program, static_cast<int>(words.size()), words.data());
  if (result != 0) throw std::runtime_error(std::string(nvrtc.errorString(result)) + ":\n" + logOf(program));
  return imageOf(program, isReal);
}

}  // namespace cuda
