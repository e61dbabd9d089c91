// relsim-dedup: finds relations that say the same, and rewrites triples without them. Knows no LibTorch.
#include "common/tool.hpp"
#include "relsim-dedup/dedup.hpp"

int main(int argc, char** argv) {
  using namespace terse::tools;
  return run_tool<DedupOptions>({"relsim-dedup", "merge relations that say the same"}, argc, argv, define, run);
}
