#include "common/tool.hpp"
#include "options.hpp"

int main(int argc, char** argv) {
  using namespace terse::tools;
  return run_tool({"act-train", "train a network with compressed activations"}, argc, argv, act_train::define,
                  act_train::run);
}
