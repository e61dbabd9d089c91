// fuzz_operators [CALLS [SEED]]: calls the operators that an exported program may name with arguments made to harm, and
// runs the backward pass of what they return, as a training step of such a program would. No call may end the process.
//
// Operators and the types of their arguments come from LibTorch's schemas; arguments are drawn: tensors of every type,
// shape and layout (expanded, transposed, cut out), numbers from the ends of their ranges, lists of any length. Results
// are sometimes written to before the backward pass, and saved tensors are compressed in half of the calls.
//
// Calls run in child processes, some hundreds each, under a limit of memory. Prints each call that killed its process
// with the seed that repeats it, then the counts; exit status 1 if there was one. CALLS is 20000, SEED 1, where not
// given.
#include <ATen/core/dispatch/Dispatcher.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "terse/act/packing/compression.hpp"
#include "terse/act/tensor/torch.hpp"
#include "terse/core/error.hpp"
#include "terse/core/philox.hpp"
#include "terse/train/exported/kernels.hpp"
#include "terse/train/exported/operators.hpp"

namespace {

using namespace terse;
using train::exported::Guards;
using train::exported::Kernels;

constexpr std::uint64_t kCallsOfChild = 500;
constexpr rlim_t kMemory = rlim_t{6} << 30;
constexpr unsigned kSecondsOfCall = 20;

struct Operator {
  std::string text;  // "aten::add.Tensor"
  c10::OperatorHandle handle;
  const Kernels* kernels;
  Guards guards;
};

/// Every overload that a program may name and whose arguments can be drawn.
std::vector<Operator> allowed_operators() {
  std::vector<Operator> found;
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    if (!train::exported::is_allowed({name.name, name.overload_name})) continue;
    const auto handle = c10::Dispatcher::singleton().findSchema({name.name, name.overload_name});
    if (!handle) continue;
    const auto& arguments = handle->schema().arguments();
    if (std::any_of(arguments.begin(), arguments.end(), [](const c10::Argument& one) { return one.is_out(); }))
      continue;
    const std::string text = name.name + (name.overload_name.empty() ? "" : "." + name.overload_name);
    found.push_back(
        {text, *handle, train::exported::find_kernels(name.name, name.overload_name), Guards(handle->schema())});
  }
  std::sort(found.begin(), found.end(), [](const Operator& a, const Operator& b) { return a.text < b.text; });
  return found;
}

/// What a call looked like, where the parent can read it after the child's death.
struct Notes {
  std::uint64_t call;       // number of the call at work
  std::uint64_t succeeded;  // calls so far that returned, over all children
  char text[2000];
};

class Drawing {
 public:
  Drawing(std::uint64_t seed, std::uint64_t call)
      : random_({seed, core::stream_of("fuzz"), static_cast<std::uint32_t>(call)}) {}

  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

  std::int64_t integer() {
    static constexpr std::int64_t kHostile[] = {-1,
                                                -2,
                                                -3,
                                                -100,
                                                1000,
                                                65536,
                                                std::int64_t{1} << 20,
                                                (std::int64_t{1} << 31) - 1,
                                                std::int64_t{1} << 32,
                                                std::int64_t{1} << 40,
                                                std::int64_t{1} << 62,
                                                std::numeric_limits<std::int64_t>::max(),
                                                std::numeric_limits<std::int64_t>::min()};
    if (!one_in(6)) return static_cast<std::int64_t>(below(5));
    return kHostile[below(std::size(kHostile))];
  }

  double real() {
    static constexpr double kHostile[] = {0,
                                          -1,
                                          0.001,
                                          1e-30,
                                          1e30,
                                          -1e300,
                                          0.999999,
                                          2.5,
                                          1e9,
                                          -0.5,
                                          1e-9,
                                          1000,
                                          std::numeric_limits<double>::infinity(),
                                          std::numeric_limits<double>::quiet_NaN()};
    if (!one_in(4)) return static_cast<double>(below(100)) / 50;
    return kHostile[below(std::size(kHostile))];
  }

  std::vector<std::int64_t> sizes() {
    if (!shape_.empty() && !one_in(3)) {
      std::vector<std::int64_t> like = shape_;
      if (one_in(3)) like[below(like.size())] = static_cast<std::int64_t>(below(5));
      if (one_in(4)) like.erase(like.begin() + static_cast<std::ptrdiff_t>(below(like.size())));
      return like;
    }
    std::vector<std::int64_t> drawn(below(6));
    for (auto& size : drawn)
      size = one_in(12)  ? 0
             : one_in(8) ? static_cast<std::int64_t>(5 + below(30))
                         : static_cast<std::int64_t>(1 + below(4));
    if (shape_.empty()) shape_ = drawn;
    return drawn;
  }

  at::Tensor tensor() {
    static constexpr at::ScalarType kTypes[] = {
        at::kFloat, at::kFloat, at::kFloat, at::kFloat, at::kFloat,    at::kLong, at::kDouble, at::kLong,
        at::kInt,   at::kByte,  at::kBool,  at::kHalf,  at::kBFloat16, at::kChar, at::kShort,  at::kComplexFloat};
    const at::ScalarType type = kTypes[below(std::size(kTypes))];
    const auto shape = sizes();
    at::Tensor made = numbers(shape, type);
    switch (below(8)) {
      case 0:  // one memory seen many times
        if (!shape.empty()) {
          auto narrow = shape;
          for (auto& size : narrow) {
            if (one_in(2)) size = size == 0 ? 0 : 1;
          }
          made = numbers(narrow, type).expand(shape);
        }
        break;
      case 1:
        if (made.dim() >= 2) made = made.transpose(0, -1);
        break;
      case 2:  // every other element of a larger one
        if (!shape.empty()) {
          auto wide = shape;
          wide.back() *= 2;
          made = numbers(wide, type).slice(-1, 0, std::numeric_limits<std::int64_t>::max(), 2);
        }
        break;
      default:
        break;
    }
    if ((at::isFloatingType(type) || at::isComplexType(type)) && !one_in(3)) made.requires_grad_(true);
    // Programs compute on what they computed: not every tensor is a leaf.
    if (made.requires_grad() && one_in(2)) made = made.mul(1);
    return made;
  }

  c10::IValue value(const c10::Argument& argument, const c10::TypePtr& type) {
    switch (type->kind()) {
      case c10::TypeKind::OptionalType: {
        if (one_in(2)) return {};
        return value(argument, type->castRaw<c10::OptionalType>()->getElementType());
      }
      case c10::TypeKind::TensorType:
        return tensor();
      case c10::TypeKind::IntType:
      case c10::TypeKind::SymIntType:
        if (argument.name() == "dtype") return static_cast<std::int64_t>(at::kFloat);
        if (argument.name() == "layout" || argument.name() == "memory_format") return std::int64_t{0};
        return integer();
      case c10::TypeKind::FloatType:
      case c10::TypeKind::SymFloatType:
        return real();
      case c10::TypeKind::BoolType:
      case c10::TypeKind::SymBoolType:
        return one_in(2);
      case c10::TypeKind::NumberType:
        return one_in(2) ? c10::IValue(integer()) : c10::IValue(real());
      case c10::TypeKind::ScalarTypeType:
        return static_cast<std::int64_t>(at::kFloat);
      case c10::TypeKind::LayoutType:
      case c10::TypeKind::MemoryFormatType:
        return std::int64_t{0};
      case c10::TypeKind::DeviceObjType:
        return c10::Device(c10::kCPU);
      case c10::TypeKind::StringType: {
        static constexpr const char* kWords[] = {"mean",    "sum",  "none", "tanh", "floor",  "trunc", "constant",
                                                 "reflect", "amax", "amin", "prod", "linear", "ij",    "x"};
        return std::string(kWords[below(std::size(kWords))]);
      }
      case c10::TypeKind::ListType:
        return list(argument, *type->castRaw<c10::ListType>());
      default:
        return {};  // a generator, a storage: none
    }
  }

 private:
  c10::IValue list(const c10::Argument& argument, const c10::ListType& type) {
    const c10::TypePtr element = type.getElementType();
    const std::size_t length = argument.N() && !one_in(4) ? static_cast<std::size_t>(*argument.N()) : below(5);
    switch (element->kind()) {
      case c10::TypeKind::IntType:
      case c10::TypeKind::SymIntType: {
        std::vector<std::int64_t> values(length);
        for (auto& one : values) one = integer();
        return values;
      }
      case c10::TypeKind::FloatType: {
        std::vector<double> values(length);
        for (auto& one : values) one = real();
        return values;
      }
      case c10::TypeKind::BoolType: {
        c10::List<bool> values;
        for (std::size_t i = 0; i < length; ++i) values.push_back(one_in(2));
        return values;
      }
      case c10::TypeKind::TensorType: {
        std::vector<at::Tensor> values;
        for (std::size_t i = 0; i < length; ++i) values.push_back(tensor());
        return values;
      }
      case c10::TypeKind::OptionalType: {
        c10::List<std::optional<at::Tensor>> values;
        for (std::size_t i = 0; i < length; ++i) values.push_back(one_in(3) ? std::nullopt : std::optional(tensor()));
        return values;
      }
      default:
        return c10::impl::GenericList(element);
    }
  }

  at::Tensor numbers(const std::vector<std::int64_t>& shape, at::ScalarType type) {
    const at::NoGradGuard no_grad;
    at::Tensor made = at::empty(shape, at::kDouble);
    double* data = made.data_ptr<double>();
    const std::uint64_t mood = below(6);
    for (std::int64_t i = 0; i < made.numel(); ++i) {
      data[i] = mood == 0 ? 0 : mood == 1 ? real() : static_cast<double>(below(9)) - (mood < 4 ? 0 : 4);
    }
    if (type == at::kLong && one_in(6)) {
      at::Tensor extreme = at::empty(shape, at::kLong);
      for (std::int64_t i = 0; i < extreme.numel(); ++i) extreme.data_ptr<std::int64_t>()[i] = integer();
      return extreme;
    }
    return made.nan_to_num().clamp(-1e30, 1e30).to(type);
  }

  core::RandomSequence random_;
  std::vector<std::int64_t> shape_;  // of the call's first tensor: others tend to fit it
};

void describe(const Operator& op, const torch::jit::Stack& stack, char* text, std::size_t room) {
  std::string line = op.text + "(";
  for (const c10::IValue& value : stack) {
    if (value.isTensor() && value.toTensor().defined()) {
      const at::Tensor& tensor = value.toTensor();
      line += std::string(c10::toString(tensor.scalar_type())) + "[";
      for (std::int64_t d = 0; d < tensor.dim(); ++d) {
        line += std::to_string(tensor.size(d)) + ":" + std::to_string(tensor.stride(d)) + " ";
      }
      line += tensor.requires_grad() ? "]g, " : "], ";
    } else if (value.isTensorList()) {
      line += std::to_string(value.toTensorVector().size()) + " tensors, ";
    } else if (value.isIntList()) {
      line += "[";
      for (const std::int64_t one : value.toIntVector()) line += std::to_string(one) + " ";
      line += "], ";
    } else if (value.isInt()) {
      line += std::to_string(value.toInt()) + ", ";
    } else if (value.isDouble()) {
      line += std::to_string(value.toDouble()) + ", ";
    } else {
      line += value.tagKind() + ", ";
    }
  }
  std::snprintf(text, room, "%s)", line.c_str());
}

/// One call, its results written to now and then, and the backward pass of what it returns.
void call(const Operator& op, Drawing& drawing, Notes& notes) {
  const c10::FunctionSchema& schema = op.handle.schema();
  torch::jit::Stack stack;
  for (const c10::Argument& argument : schema.arguments()) {
    const bool as_default = argument.default_value().has_value() && drawing.one_in(3);
    stack.push_back(as_default ? *argument.default_value() : drawing.value(argument, argument.type()));
  }
  describe(op, stack, notes.text, sizeof notes.text);
  act::Compression compression({.level = act::Level::L1, .small_bytes = 1});
  std::optional<act::Compression::Step> step;
  if (drawing.one_in(2)) step.emplace(compression.step());
  std::vector<at::Tensor> roots;
  train::exported::call_operator(op.handle, op.guards, op.kernels, !drawing.one_in(4), stack);
  ++notes.succeeded;
  for (const c10::IValue& value : stack) {
    const auto take = [&](const at::Tensor& tensor) {
      if (!tensor.defined()) return;
      if (drawing.one_in(4)) {
        const at::NoGradGuard no_grad;
        at::Tensor written = tensor;
        written.fill_(at::Scalar(drawing.integer() % 128));
      }
      if (tensor.requires_grad()) roots.push_back(tensor);
    };
    if (value.isTensor()) take(value.toTensor());
    if (value.isTensorList()) {
      for (const at::Tensor& tensor : value.toTensorVector()) take(tensor);
    }
  }
  for (const at::Tensor& root : roots) {
    at::Tensor loss = root.is_complex() ? at::real(root.sum()) : root.sum();
    if (loss.requires_grad()) loss.backward({}, /*retain_graph=*/true);
  }
}

[[noreturn]] void run_child(const std::vector<Operator>& operators, std::uint64_t seed, std::uint64_t first,
                            std::uint64_t last, Notes& notes) {
  const rlimit memory{kMemory, kMemory}, none{0, 0};
  setrlimit(RLIMIT_AS, &memory);
  setrlimit(RLIMIT_CORE, &none);
  for (std::uint64_t i = first; i < last; ++i) {
    notes.call = i;
    Drawing drawing(seed, i);
    const Operator& op = operators[drawing.below(operators.size())];
    std::snprintf(notes.text, sizeof notes.text, "%s, while its arguments were drawn", op.text.c_str());
    alarm(kSecondsOfCall);
    try {
      call(op, drawing, notes);
    } catch (const std::exception&) {
      // Refused: what should happen to most of these.
    }
  }
  _exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t calls = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 20000;
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  at::set_num_threads(1);
  struct Silence final : c10::WarningHandler {
    void process(const c10::Warning&) override {}
  } silence;
  c10::WarningUtils::set_warning_handler(&silence);
  const std::vector<Operator> operators = allowed_operators();
  auto* notes =
      static_cast<Notes*>(mmap(nullptr, sizeof(Notes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (notes == MAP_FAILED) return 71;
  std::map<std::string, std::uint64_t> killed;
  std::uint64_t slow = 0;
  for (std::uint64_t next = 0; next < calls;) {
    const std::uint64_t last = std::min(calls, next + kCallsOfChild);
    std::fflush(stdout);
    const pid_t child = fork();
    if (child < 0) return 71;
    if (child == 0) run_child(operators, seed, next, last, *notes);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      next = last;
      continue;
    }
    next = notes->call + 1;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
      ++slow;
      continue;
    }
    const std::string op(notes->text, std::strcspn(notes->text, "(,"));
    if (killed[op]++ < 3) {
      std::printf("call %" PRIu64 " of seed %" PRIu64 ": %s %d: %s\n", notes->call, seed,
                  WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                  notes->text);
    }
  }
  std::uint64_t deaths = 0;
  for (const auto& [op, count] : killed) deaths += count;
  std::printf("%zu operators, %" PRIu64 " calls of seed %" PRIu64 ": %" PRIu64 " went through, %" PRIu64
              " took over %u s, %" PRIu64 " killed the process\n",
              operators.size(), calls, seed, notes->succeeded, slow, kSecondsOfCall, deaths);
  return deaths == 0 ? 0 : 1;
}
