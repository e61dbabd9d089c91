#include "terse/act/tensor/running_operator.hpp"

namespace terse::act {

namespace {
thread_local std::string_view running;
}

std::string_view current_operator() { return running; }
void set_current_operator(std::string_view name) { running = name; }

}  // namespace terse::act
