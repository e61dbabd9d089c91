#include "terse/train/exported/symbols.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "terse/core/error.hpp"

namespace terse::train::exported {

namespace {

using c10::IValue;
using Arguments = std::span<const IValue>;

[[noreturn]] void refuse(const char* what) { throw Error(Error::BadInput, what); }

void expect(Arguments arguments, std::size_t count) {
  if (arguments.size() != count) refuse("wrong number of arguments");
  for (const IValue& one : arguments) {
    if (!one.isInt() && !one.isDouble() && !one.isBool()) refuse("an argument that is no number");
  }
}

bool is_float(const IValue& value) { return value.isDouble(); }
std::int64_t integer(const IValue& value) {
  if (value.isDouble()) refuse("a float where an integer belongs");
  return value.isBool() ? std::int64_t{value.toBool()} : value.toInt();
}
double real(const IValue& value) { return value.isDouble() ? value.toDouble() : static_cast<double>(integer(value)); }

/// Applies `on_integers` where both are integers, `on_reals` where one is a float.
template <class OnIntegers, class OnReals>
IValue binary(Arguments a, OnIntegers on_integers, OnReals on_reals) {
  expect(a, 2);
  if (is_float(a[0]) || is_float(a[1])) return IValue(on_reals(real(a[0]), real(a[1])));
  return IValue(on_integers(integer(a[0]), integer(a[1])));
}

std::int64_t add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) refuse("sizes overflow");
  return sum;
}
std::int64_t subtract(std::int64_t a, std::int64_t b) {
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(a, b, &difference)) refuse("sizes overflow");
  return difference;
}
std::int64_t multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) refuse("sizes overflow");
  return product;
}
/// Python rounds towards minus infinity, C++ towards zero.
std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  if (b == 0) refuse("division by zero");
  if (b == -1) return subtract(0, a);
  const std::int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}
std::int64_t modulo(std::int64_t a, std::int64_t b) {
  if (b == 0) refuse("division by zero");
  if (b == -1) return 0;
  const std::int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
IValue power(Arguments a) {
  expect(a, 2);
  if (is_float(a[0]) || is_float(a[1]) || integer(a[1]) < 0) return IValue(std::pow(real(a[0]), real(a[1])));
  std::int64_t result = 1;
  std::int64_t base = integer(a[0]);
  for (std::int64_t left = integer(a[1]); left > 0; left /= 2) {
    if (left % 2 != 0) result = multiply(result, base);
    if (left > 1) base = multiply(base, base);
  }
  return IValue(result);
}
std::int64_t to_integer(double value) {
  constexpr double kBound = 9.2233720368547758e18;
  if (!(std::abs(value) < kBound)) refuse("a float beyond 64 bits");
  return static_cast<std::int64_t>(value);
}
IValue truncate(Arguments a) {
  expect(a, 1);
  return is_float(a[0]) ? IValue(to_integer(std::trunc(a[0].toDouble()))) : IValue(integer(a[0]));
}
std::int64_t shift(std::int64_t value, std::int64_t by, bool left) {
  if (by < 0 || by > 62) refuse("a shift out of range");
  return left ? multiply(value, std::int64_t{1} << by) : value >> by;
}

struct Entry {
  std::string_view target;
  SymbolFunction function;
};

constexpr Entry kSymbolTable[] = {
    {"_operator.add", [](Arguments a) { return binary(a, add, std::plus<>()); }},
    {"_operator.sub", [](Arguments a) { return binary(a, subtract, std::minus<>()); }},
    {"_operator.mul", [](Arguments a) { return binary(a, multiply, std::multiplies<>()); }},
    {"_operator.floordiv",
     [](Arguments a) { return binary(a, floor_divide, [](double x, double y) { return std::floor(x / y); }); }},
    {"_operator.mod",
     [](Arguments a) { return binary(a, modulo, [](double x, double y) { return x - y * std::floor(x / y); }); }},
    {"_operator.truediv",
     [](Arguments a) {
       expect(a, 2);
       return IValue(real(a[0]) / real(a[1]));
     }},
    {"_operator.pow", power},
    {"_operator.neg",
     [](Arguments a) {
       expect(a, 1);
       return is_float(a[0]) ? IValue(-a[0].toDouble()) : IValue(subtract(0, integer(a[0])));
     }},
    {"_operator.pos",
     [](Arguments a) {
       expect(a, 1);
       return a[0];
     }},
    {"_operator.lshift",
     [](Arguments a) {
       expect(a, 2);
       return IValue(shift(integer(a[0]), integer(a[1]), true));
     }},
    {"_operator.rshift",
     [](Arguments a) {
       expect(a, 2);
       return IValue(shift(integer(a[0]), integer(a[1]), false));
     }},
    {"_operator.eq", [](Arguments a) { return binary(a, std::equal_to<>(), std::equal_to<>()); }},
    {"_operator.ne", [](Arguments a) { return binary(a, std::not_equal_to<>(), std::not_equal_to<>()); }},
    {"_operator.lt", [](Arguments a) { return binary(a, std::less<>(), std::less<>()); }},
    {"_operator.le", [](Arguments a) { return binary(a, std::less_equal<>(), std::less_equal<>()); }},
    {"_operator.gt", [](Arguments a) { return binary(a, std::greater<>(), std::greater<>()); }},
    {"_operator.ge", [](Arguments a) { return binary(a, std::greater_equal<>(), std::greater_equal<>()); }},
    {"_operator.and_",
     [](Arguments a) {
       expect(a, 2);
       const std::int64_t both = integer(a[0]) & integer(a[1]);
       return a[0].isBool() && a[1].isBool() ? IValue(both != 0) : IValue(both);
     }},
    {"_operator.or_",
     [](Arguments a) {
       expect(a, 2);
       const std::int64_t either = integer(a[0]) | integer(a[1]);
       return a[0].isBool() && a[1].isBool() ? IValue(either != 0) : IValue(either);
     }},
    {"math.trunc", truncate},
    {"torch.sym_int", truncate},
    {"torch.sym_float",
     [](Arguments a) {
       expect(a, 1);
       return IValue(real(a[0]));
     }},
    {"torch._sym_sqrt",
     [](Arguments a) {
       expect(a, 1);
       return IValue(std::sqrt(real(a[0])));
     }},
    {"torch.sym_not",
     [](Arguments a) {
       expect(a, 1);
       return IValue(real(a[0]) == 0);
     }},
    {"torch.sym_max",
     [](Arguments a) {
       return binary(
           a, [](auto x, auto y) { return std::max(x, y); }, [](auto x, auto y) { return std::max(x, y); });
     }},
    {"torch.sym_min",
     [](Arguments a) {
       return binary(
           a, [](auto x, auto y) { return std::min(x, y); }, [](auto x, auto y) { return std::min(x, y); });
     }},
    {"torch.sym_ite",
     [](Arguments a) {
       expect(a, 3);
       return real(a[0]) != 0 ? a[1] : a[2];
     }},
};

}  // namespace

SymbolFunction find_symbol_function(std::string_view target) {
  const auto found = std::find_if(std::begin(kSymbolTable), std::end(kSymbolTable),
                                  [&](const Entry& one) { return one.target == target; });
  return found == std::end(kSymbolTable) ? nullptr : found->function;
}

}  // namespace terse::train::exported
